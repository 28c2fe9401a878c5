// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Making elements. Text is only ever put as text nodes: what a client calls itself, or asks, is
// shown and never interpreted.

const SVG = 'http://www.w3.org/2000/svg';

// h('p', {class: 'note', onclick: f}, 'text', node, [more], null)
export function h(tag, props, ...children) {
	return fill(document.createElement(tag), props, children);
}

export function s(tag, props, ...children) {
	return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
	for (const [key, value] of Object.entries(props ?? {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key.startsWith('on'))
			element.addEventListener(key.slice(2), value);
		else if (key === 'value' || key === 'checked' || key === 'selected')
			element[key] = value;
		else
			element.setAttribute(key, value === true ? '' : String(value));
	}
	add(element, children);
	return element;
}

export function add(element, ...children) {
	for (const child of children.flat(Infinity))
		if (child !== null && child !== undefined && child !== false)
			element.append(child instanceof Node ? child : String(child));
	return element;
}

// Put `next` in place of what `holder` shows, but leave it alone when nothing has changed, and the
// keyboard where it was.
export function swap(holder, ...next) {
	const fresh = [...h('div', {}, next).childNodes];
	const now = holder.childNodes;
	if (now.length === fresh.length && fresh.every((node, i) => node.isEqualNode(now[i])))
		return;
	const focus = holder.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
	holder.replaceChildren(...fresh);
	if (focus !== undefined)
		holder.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({preventScroll: true});
}

const ICONS = {
	live: 'M2 8h3l2-5 3 10 2-5h2',
	approvals: 'M8 1.5 13.5 4v4c0 3.4-2.3 5.6-5.5 6.5C4.8 13.6 2.5 11.4 2.5 8V4zM5.5 8l2 2 3-3.5',
	sessions: 'M2 3h12v10H2zM4.5 6.5 6.5 8l-2 1.500M8 10h3.500',
	policy: 'M4 1.500h6l3 3v10H4zM6.500 7.500h4M6.500 10.500h4',
	revocations: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM3.800 3.800l8.400 8.400',
	grants: 'M10.500 2a3.500 3.500 0 1 0-3.300 4.700L2 12v2h2.500v-2h2V10h1.500l1.200-1.200A3.500 3.500 0 0 0 10.500 2z',
	budgets: 'M2.500 12a6 6 0 1 1 11 0M8 9.500l3-3',
	notifications: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.500H3zM6.800 14.200h2.400',
	health: 'M2 13.500h12M4 11V8M7 11V4M10 11V6.500M13 11V2.500',
	audit: 'M6.500 9.500 9.500 6.500M7 4.500l1.500-1.500a3 3 0 0 1 4.500 4.500L11.500 9M9 11.500 7.500 13A3 3 0 0 1 3 8.500L4.500 7',
	human: 'M8 2.200a2.800 2.800 0 1 0 0 5.600 2.800 2.800 0 0 0 0-5.600zM2.800 14c.4-3 2.500-4.400 5.200-4.400s4.800 1.400 5.200 4.400',
	agent: 'M3 5.500h10v7.500H3zM8 5.500V2.500M6 8.500v1.500M10 8.500v1.500M1.500 8.500v2M14.500 8.500v2',
	unknown: 'M6 6a2 2 0 1 1 2.800 1.800c-.6.3-.8.700-.8 1.400M8 12h.01',
	play: 'M5 3v10l8-5z', pause: 'M5.500 3v10M10.500 3v10', previous: 'M11 3 5 8l6 5z', next: 'M5 3l6 5-6 5z',
	out: 'M6 2.500H3v11h3M9.500 5l3 3-3 3M12.500 8H6', help: 'M8 1.500a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM6.300 6.300A1.800 1.800 0 1 1 8.700 8c-.5.2-.7.500-.7 1.100M8 11.300h.01',
};

export function icon(name) {
	return s('svg', {class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true'}, s('path', {d: ICONS[name]}));
}

// What is not seen, or makes other text look different from what it is: control characters,
// direction marks and overrides, zero-width and odd spaces, fillers, what has no meaning assigned.
const UNSEEN = '\\p{Cc}\\p{Cf}\\p{Co}\\p{Cn}\\p{Cs}\\p{Zl}\\p{Zp}\\u00a0\\u034f\\u115f\\u1160\\u17b4\\u17b5' +
	'\\u2000-\\u200a\\u202f\\u205f\\u3000\\u3164\\uffa0\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}';
const ONE_LINE = new RegExp(`[${UNSEEN}]+`, 'gu');
const LINES = new RegExp(`(?:(?![\\n\\t])[${UNSEEN}])+`, 'gu');

function escaped(run) {
	return [...run].map((c) => {
		const code = c.codePointAt(0);
		const short = {9: '\\t', 10: '\\n', 13: '\\r'}[code];
		return short ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`);
	}).join('');
}

// The text with all of that spelled out. `lines`: newlines and tabs do what they do.
export function visible(text, lines = false) {
	const out = document.createDocumentFragment();
	const all = String(text ?? '');
	let at = 0;

	for (const match of all.matchAll(lines ? LINES : ONE_LINE)) {
		out.append(all.slice(at, match.index), h('span', {class: 'escape'}, escaped(match[0])));
		at = match.index + match[0].length;
	}
	out.append(all.slice(at));
	return out;
}

export function unseen(text) {
	return [...String(text).matchAll(LINES)].reduce((n, match) => n + [...match[0]].length, 0);
}

// A name on one line, cut to its place; whole when pointed at.
export function clip(text, max = 2000) {
	const all = String(text ?? '');
	const plain = document.createElement('span');
	plain.append(visible(all.slice(0, max)));
	return h('span', {class: 'clip', title: plain.textContent}, [...plain.childNodes], all.length > max ? '…' : null);
}

export function tag(text, kind = '') {
	return h('span', {class: `tag ${kind}`}, visible(text));
}

export function empty(title, text) {
	return h('div', {class: 'empty'}, h('strong', {}, title), text);
}

export function announce(text) {
	document.getElementById('announce').textContent = text;
}

export function alarm(text) {
	document.getElementById('alarm').textContent = text;
}

// facts([['Resource', node], ...])
export function facts(pairs) {
	return h('dl', {class: 'facts'}, pairs.filter(Boolean).map(([name, value]) =>
		[h('dt', {}, name), h('dd', {}, value)]));
}

// table(['Name', {text: 'Rows', right: true}], rows of cells, 'what it shows')
export function table(heads, rows, caption) {
	const of = (head) => (typeof head === 'string' ? {text: head} : head);
	return h('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption},
		h('table', {}, h('caption', {class: 'unseen'}, caption),
			h('thead', {}, h('tr', {}, heads.map((head) =>
				h('th', {scope: 'col', class: of(head).right && 'right'}, of(head).text)))),
			h('tbody', {}, rows.map((cells) => h('tr', {}, cells.map((cell, i) =>
				h('td', {class: [of(heads[i]).right && 'right', cell === 0 && 'zero'].filter(Boolean).join(' ') || null},
					typeof cell === 'number' ? count(cell) : cell)))))));
}

// ---- numbers and times

export function count(n) {
	return Number(n ?? 0).toLocaleString('en-US');
}

export function bytes(n) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let i = 0;
	for (n = Number(n ?? 0); n >= 1000 && i < units.length - 1; i++)
		n /= 1000;
	return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}

const pad = (n, digits = 2) => String(n).padStart(digits, '0');

export function moment(ns) {
	if (!ns)
		return '–';
	const d = new Date(ns / 1e6);
	return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ${clock(ns)}`;
}

export function clock(ns) {
	const d = new Date(ns / 1e6);
	return `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}`;
}

export function time(ns) {
	return ns ? h('time', {class: 'nowrap', datetime: new Date(ns / 1e6).toISOString()}, moment(ns)) : h('span', {class: 'muted'}, '–');
}

export function lasting(seconds) {
	const t = Math.max(0, Math.floor(seconds));
	if (t < 60)
		return `${t} s`;
	if (t < 3600)
		return `${Math.floor(t / 60)} min ${pad(t % 60)} s`;
	if (t < 86400)
		return `${Math.floor(t / 3600)} h ${pad(Math.floor(t / 60) % 60)} min`;
	return `${Math.floor(t / 86400)} d ${Math.floor(t / 3600) % 24} h`;
}

// ---- words that several views use

export function badge(kind) {
	const known = ['human', 'agent'].includes(kind) ? kind : 'unknown';
	return h('span', {class: `badge ${known}`, role: 'img', 'aria-label': known, title: known}, icon(known));
}

export function chain(links) {
	return h('span', {class: 'chain'}, (links ?? []).map((link, i) => [
		i > 0 ? h('span', {class: 'arrow', 'aria-label': 'started'}, '›') : null,
		h('span', {class: 'link', title: `${link.issuer} · ${link.key}`}, badge(link.kind), visible(link.name || link.key)),
	]));
}

export function verdict(action) {
	const kinds = {forward: 'good', allow: 'good', allowed: 'good', deny: 'bad', denied: 'bad', kill: 'bad', refused: 'bad',
		hold: 'wait', held: 'wait', pending: 'wait', approved: 'good', expired: '', cancelled: '', used: 'good', rewrite: 'mask', masked: 'mask'};
	return tag(action, kinds[action] ?? '');
}
