// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/validator.h"

#include "patterns/validate_asia.h"
#include "patterns/validate_brazil.h"
#include "patterns/validate_canada.h"
#include "patterns/validate_crypto.h"
#include "patterns/validate_date.h"
#include "patterns/validate_device.h"
#include "patterns/validate_eu_east.h"
#include "patterns/validate_eu_north.h"
#include "patterns/validate_eu_south.h"
#include "patterns/validate_eu_vat.h"
#include "patterns/validate_eu_west.h"
#include "patterns/validate_finance.h"
#include "patterns/validate_latin.h"
#include "patterns/validate_mideast.h"
#include "patterns/validate_oceania_india.h"
#include "patterns/validate_secret.h"
#include "patterns/validate_uk.h"
#include "patterns/validate_us.h"

// By name, one a line.
static const struct validator validators[] = {
	// clang-format off
	{"aba", validator_aba},
	{"ae-emirates-id", validator_ae_emirates_id},
	{"ar-cbu", validator_ar_cbu},
	{"ar-cuit", validator_ar_cuit},
	{"at-svnr", validator_at_svnr},
	{"atin", validator_atin},
	{"au-abn", validator_au_abn},
	{"au-acn", validator_au_acn},
	{"au-medicare", validator_au_medicare},
	{"au-tfn", validator_au_tfn},
	{"base58check", validator_base58check, .digest = true},
	{"base64", validator_base64},
	{"basic", validator_basic},
	{"be-nn", validator_be_nn},
	{"bech32", validator_bech32, .digest = true},
	{"bg-egn", validator_bg_egn},
	{"bic", validator_bic},
	{"birth-date", validator_birth_date},
	{"br-cnh", validator_br_cnh},
	{"br-cnpj", validator_br_cnpj},
	{"br-cns", validator_br_cns},
	{"br-cpf", validator_br_cpf},
	{"br-pis", validator_br_pis},
	{"br-renavam", validator_br_renavam},
	{"br-titulo-eleitoral", validator_br_titulo_eleitoral},
	{"ca-bc-phn", validator_ca_bc_phn},
	{"ca-bn", validator_ca_bn},
	{"ca-ohip", validator_ca_ohip},
	{"ca-ramq", validator_ca_ramq},
	{"ca-sin", validator_ca_sin},
	{"card", validator_card},
	{"ch-ahv", validator_ch_ahv},
	{"cl-rut", validator_cl_rut},
	{"cn-resident-id", validator_cn_resident_id},
	{"cn-uscc", validator_cn_uscc},
	{"co-nit", validator_co_nit},
	{"cusip", validator_cusip},
	{"cz-rodne-cislo", validator_cz_rodne_cislo},
	{"de-document", validator_de_document},
	{"de-rente", validator_de_rente},
	{"de-steuer-id", validator_de_steuer_id},
	{"dea", validator_dea},
	{"digit", validator_digit},
	{"discord", validator_discord},
	{"dk-cpr", validator_dk_cpr},
	{"do-cedula", validator_do_cedula},
	{"ec-cedula", validator_ec_cedula},
	{"ec-ruc", validator_ec_ruc},
	{"ee-isikukood", validator_ee_isikukood},
	{"eg-national-id", validator_eg_national_id},
	{"ein", validator_ein},
	{"entropy", validator_entropy},
	{"es-cif", validator_es_cif},
	{"es-nie", validator_es_nie},
	{"es-nif", validator_es_nif},
	{"es-nss", validator_es_nss},
	{"ethereum", validator_ethereum, .digest = true},
	{"eu-vat", validator_eu_vat},
	{"fi-hetu", validator_fi_hetu},
	{"figi", validator_figi},
	{"fr-nif", validator_fr_nif},
	{"fr-nir", validator_fr_nir},
	{"fr-siren", validator_fr_siren},
	{"fr-siret", validator_fr_siret},
	{"gr-afm", validator_gr_afm},
	{"gr-amka", validator_gr_amka},
	{"hk-hkid", validator_hk_hkid},
	{"hr-oib", validator_hr_oib},
	{"hu-taj", validator_hu_taj},
	{"hu-tax", validator_hu_tax},
	{"iban", validator_iban},
	{"iccid", validator_iccid},
	{"id-nik", validator_id_nik},
	{"ie-pps", validator_ie_pps},
	{"il-teudat-zehut", validator_il_teudat_zehut},
	{"imei", validator_imei},
	{"imsi", validator_imsi},
	{"in-aadhaar", validator_in_aadhaar},
	{"in-epic", validator_in_epic},
	{"in-gstin", validator_in_gstin},
	{"in-pan", validator_in_pan},
	{"in-vehicle", validator_in_vehicle},
	{"ipv6", validator_ipv6},
	{"is-kennitala", validator_is_kennitala},
	{"isin", validator_isin},
	{"it-codice-fiscale", validator_it_codice_fiscale},
	{"it-partita-iva", validator_it_partita_iva},
	{"itin", validator_itin},
	{"jp-corporate-number", validator_jp_corporate_number},
	{"jp-my-number", validator_jp_my_number},
	{"jwt", validator_jwt},
	{"kr-brn", validator_kr_brn},
	{"kr-rrn", validator_kr_rrn},
	{"lei", validator_lei},
	{"loinc", validator_loinc},
	{"lt-asmens-kodas", validator_lt_asmens_kodas},
	{"lu-nin", validator_lu_nin},
	{"lv-personas-kods", validator_lv_personas_kods},
	{"mac", validator_mac},
	{"mixed", validator_mixed},
	{"mixed-letters", validator_mixed_letters},
	{"mx-clabe", validator_mx_clabe},
	{"mx-curp", validator_mx_curp},
	{"mx-rfc", validator_mx_rfc},
	{"my-nric", validator_my_nric},
	{"nl-bsn", validator_nl_bsn},
	{"no-fodselsnummer", validator_no_fodselsnummer},
	{"npi", validator_npi},
	{"nz-ird", validator_nz_ird},
	{"nz-nhi", validator_nz_nhi},
	{"password", validator_password},
	{"pe-cui", validator_pe_cui},
	{"pe-ruc", validator_pe_ruc},
	{"pk-cnic", validator_pk_cnic},
	{"pl-nip", validator_pl_nip},
	{"pl-pesel", validator_pl_pesel},
	{"pl-regon", validator_pl_regon},
	{"pt-cc", validator_pt_cc},
	{"pt-nif", validator_pt_nif},
	{"ro-cnp", validator_ro_cnp},
	{"ru-inn", validator_ru_inn},
	{"ru-snils", validator_ru_snils},
	{"sa-national-id", validator_sa_national_id},
	{"same-sides", validator_same_sides},
	{"se-personnummer", validator_se_personnummer},
	{"sedol", validator_sedol},
	{"segwit", validator_segwit, .digest = true},
	{"sg-nric", validator_sg_nric},
	{"sg-uen", validator_sg_uen},
	{"si-emso", validator_si_emso},
	{"snomed", validator_snomed},
	{"ssn", validator_ssn},
	{"th-id", validator_th_id},
	{"tr-tckn", validator_tr_tckn},
	{"track", validator_track},
	{"tw-id", validator_tw_id},
	{"ua-rnokpp", validator_ua_rnokpp},
	{"uk-driving-licence", validator_uk_driving_licence},
	{"uk-nhs", validator_uk_nhs},
	{"uk-nino", validator_uk_nino},
	{"uk-utr", validator_uk_utr},
	{"uk-vat", validator_uk_vat},
	{"unii", validator_unii},
	{"uy-ci", validator_uy_ci},
	{"uy-rut", validator_uy_rut},
	{"ve-rif", validator_ve_rif},
	{"vin", validator_vin},
	{"vn-cccd", validator_vn_cccd},
	{"za-id", validator_za_id},
	// clang-format on
};

const struct validator *validator_find(const char *name)
{
	for (size_t i = 0; i < sizeof(validators) / sizeof(validators[0]); i++) {
		if (strcmp(validators[i].name, name) == 0)
			return &validators[i];
	}
	return NULL;
}
