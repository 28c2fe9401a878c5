#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026, the Bulkhead authors
#
# certs.sh DIR NAME[,NAME|ADDRESS]...
#
# A certificate authority and server certificates for tests. Each argument is one server with its
# names and addresses; the first is its file name:
#   DIR/ca.pem ca.key                     the authority; kept when it is there
#   DIR/NAME.ecdsa.pem NAME.ecdsa.key     P-256
#   DIR/NAME.rsa.pem NAME.rsa.key         RSA 2048
# Keys are readable by their owner only; all of it is good for 30 days.
set -eu
umask 077

DAYS=30

die()
{
	echo "certs.sh: $*" >&2
	exit 1
}

# quiet CMD...: its output is shown only when it fails
quiet()
{
	"$@" >"$dir/log" 2>&1 || { cat "$dir/log" >&2; die "$1 $2 failed"; }
	rm -f "$dir/log"
}

# key FILE ecdsa|rsa
key()
{
	case $2 in
	ecdsa) quiet openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" ;;
	rsa) quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" ;;
	esac
}

authority()
{
	[ -s "$dir/ca.pem" ] && [ -s "$dir/ca.key" ] && return
	key "$dir/ca.key" ecdsa
	quiet openssl req -x509 -new -key "$dir/ca.key" -sha256 -days $DAYS \
		-subj "/CN=Bulkhead test authority" \
		-addext "basicConstraints=critical,CA:TRUE" \
		-addext "keyUsage=critical,keyCertSign,cRLSign" -out "$dir/ca.pem"
	chmod 644 "$dir/ca.pem"
}

# alternatives NAME,ADDRESS...: as subjectAltName wants them
alternatives()
{
	echo "$1" | tr , '\n' | awk '
		/^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$/ || /:/ { printf "%sIP:%s", sep, $0; sep = "," ; next }
		{ printf "%sDNS:%s", sep, $0; sep = "," }'
}

# server NAME,ADDRESS... ecdsa|rsa
server()
{
	name=${1%%,*}
	file=$dir/$name.$2
	key "$file.key" "$2"
	cat >"$file.cnf" <<-END
		basicConstraints = CA:FALSE
		keyUsage = critical,digitalSignature
		extendedKeyUsage = serverAuth
		subjectAltName = $(alternatives "$1")
	END
	quiet openssl req -new -key "$file.key" -subj "/CN=$name" -out "$file.csr"
	quiet openssl x509 -req -in "$file.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -sha256 \
		-days $DAYS -set_serial "0x$(openssl rand -hex 16)" -extfile "$file.cnf" \
		-out "$file.pem"
	chmod 644 "$file.pem"
	rm -f "$file.csr" "$file.cnf"
}

[ $# -ge 2 ] || die "usage: certs.sh DIR NAME[,NAME|ADDRESS]..."
dir=$1
shift
(umask 022 && mkdir -p "$dir") # whoever may enter the folder can read the certificates
authority
for names; do
	case $names in
	[,/]* | */*) die "$names: not a name" ;;
	esac
	server "$names" ecdsa
	server "$names" rsa
done
