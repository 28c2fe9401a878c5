// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Revoking: what would end is shown before anything does, and the word must be typed.

import {get, pause, post} from './api.js';
import {add, announce, clip, count, h, swap, table, tag, visible} from './dom.js';

function radius(found) {
	const rows = found.sessions.map((one) => [
		h('a', {href: `#/sessions/${one.id}`, class: 'mono', target: '_blank', rel: 'noopener'}, one.id), clip(one.chain), visible(one.resource)]);
	return [
		h('dl', {class: 'stats'},
			h('div', {}, h('dt', {}, 'Sessions that end'), h('dd', {class: 'number bad', id: 'radius'}, count(found.total))),
			h('div', {}, h('dt', {}, 'Nodes at or below it'), h('dd', {}, count(found.nodes))),
			h('div', {}, h('dt', {}, 'Resources they use'), h('dd', {}, count(found.resources.length)))),
		found.resources.length > 0 ? h('p', {class: 'row'}, found.resources.map((name) => tag(name))) : null,
		rows.length > 0 ? h('div', {class: 'panel'}, table(['Session', 'Chain', 'Resource'], rows, 'Sessions that would end')) : null,
		found.total > rows.length && rows.length > 0 ? h('p', {class: 'muted'}, `and ${count(found.total - rows.length)} more`) : null,
		h('p', {class: 'muted'}, 'New logins of any of them are refused until the revocation is lifted.'),
	];
}

const of = (target, kind) => ({kind, node: kind === 'node' ? target.node : target.link[kind]});

async function outcome(made, body, signal) {
	for (let one = made; !signal.aborted; one = await get(`revocations/${made.id}`, {}, signal)) {
		if (one.done !== false) {
			const text = `${count(one.closed ?? 0)} sessions ended` + (one.ms === undefined ? '' : ` in ${one.ms.toFixed(1)} ms`);
			swap(body, h('p', {class: 'note', role: 'status', id: 'revoked'}, `Revoked. ${text}.`));
			announce(`Revoked. ${text}.`);
			return;
		}
		await pause(150, signal);
	}
}

// target: {kind, node, label, link: {node, subject, token} where there is a choice}
export function revoke(target) {
	const life = new AbortController();
	const shown = h('div', {class: 'stack', 'aria-live': 'polite'}, h('p', {class: 'muted'}, 'Looking at what would end…'));
	const word = h('input', {id: 'sure', autocomplete: 'off', spellcheck: 'false', size: '10'});
	const reason = h('input', {id: 'why', maxlength: '200', class: 'grow', placeholder: 'for the audit log'});
	const lasts = h('select', {id: 'lasts'}, [['', 'until it is lifted'], ['3600', 'one hour'], ['86400', 'one day'], ['604800', 'one week']]
		.map(([value, text]) => h('option', {value}, text)));
	const go = h('button', {class: 'danger sure', disabled: true, type: 'submit', form: 'revoke'}, 'Revoke');
	const kinds = target.link ? h('div', {class: 'field'}, h('label', {for: 'kind'}, 'What'), h('select', {id: 'kind', onchange: () => preview()},
		[['node', 'this node and all that it started'], ['subject', 'this subject, whatever token it uses'], ['token', 'the token of this node only, and what came of it']]
			.map(([value, text]) => h('option', {value}, text)))) : null;
	const kind = () => kinds?.querySelector('select').value ?? target.kind;
	let seen = null;
	const ready = () => {
		go.disabled = seen === null || word.value.trim().toLowerCase() !== 'revoke';
	};
	word.addEventListener('input', ready);

	async function preview() {
		seen = null;
		ready();
		try {
			const asked = target.link ? of(target, kind()) : {kind: target.kind, node: target.node};
			const found = await post('revocations/preview', asked, life.signal);
			seen = asked;
			swap(shown, radius(found));
		} catch (e) {
			if (!life.signal.aborted)
				swap(shown, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
		ready();
	}

	const body = h('div', {class: 'body'}, kinds, shown,
		h('form', {id: 'revoke', class: 'stack', onsubmit: async (e) => {
			e.preventDefault();
			if (go.disabled)
				return;
			go.disabled = true;
			try {
				const made = await post('revocations',
					{...seen, reason: reason.value, ...(lasts.value ? {for_s: Number(lasts.value)} : {})}, life.signal);
				go.remove();
				cancel.textContent = 'Close';
				await outcome(made, body, life.signal);
			} catch (error) {
				swap(shown, h('p', {class: 'note bad', role: 'alert'}, error.message));
				ready();
			}
		}},
		h('div', {class: 'row'},
			h('div', {class: 'field grow'}, h('label', {for: 'why'}, 'Reason'), reason),
			h('div', {class: 'field'}, h('label', {for: 'lasts'}, 'For how long'), lasts)),
		h('div', {class: 'field'}, h('label', {for: 'sure'}, 'Type ', h('strong', {}, 'revoke'), ' to confirm'), word)));
	const cancel = h('button', {onclick: () => dialog.close()}, 'Cancel');
	const dialog = h('dialog', {'aria-label': 'Revoke', id: 'revoke-dialog', onclose: () => {
		life.abort();
		dialog.remove();
	}}, h('header', {}, h('h2', {}, 'Revoke ', h('bdi', {}, visible(target.label)))), body, add(h('footer', {}), cancel, go));
	document.body.append(dialog);
	dialog.showModal();
	(kinds?.querySelector('select') ?? word).focus();
	void preview();
}

// A smaller question: `act(reason)` once it is answered.
export function confirm(title, text, verb, act) {
	const reason = h('input', {id: 'reason', maxlength: '200'});
	const wrong = h('p', {class: 'note bad', role: 'alert', hidden: true});
	const dialog = h('dialog', {'aria-label': title, onclose: () => dialog.remove()},
		h('header', {}, h('h2', {}, title)),
		h('form', {class: 'body', id: 'confirm', onsubmit: async (e) => {
			e.preventDefault();
			try {
				await act(reason.value);
				dialog.close();
			} catch (error) {
				wrong.hidden = false;
				wrong.textContent = error.message;
			}
		}}, h('p', {}, text), h('div', {class: 'field'}, h('label', {for: 'reason'}, 'Reason'), reason), wrong),
		h('footer', {}, h('button', {onclick: () => dialog.close()}, 'Cancel'), h('button', {class: 'primary', type: 'submit', form: 'confirm'}, verb)));
	document.body.append(dialog);
	dialog.showModal();
	reason.focus();
}
