// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The audit log: its newest lines, and whether the chain holds.

import {get, post} from './api.js';
import {announce, clip, count, empty, h, swap, table, tag, time, visible} from './dom.js';
import {pages} from './lists.js';

const KNOWN = ['seq', 'time_ns', 't_ns', 'time', 'type', 'event', 'previous', 'hash', 'prev'];

function when(line) {
	const t = line.t_ns ?? line.time_ns ?? line.time;
	const ns = typeof t === 'number' ? t : Date.parse(t) * 1e6;
	return Number.isFinite(ns) ? time(ns) : clip(t);
}

function rest(line) {
	return Object.entries(line).filter(([name, value]) => !KNOWN.includes(name) && value !== '' && value !== null)
		.map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`).join('  ');
}

function outcome(found) {
	const whole = found.faults === 0;
	return [
		h('p', {class: whole ? 'note' : 'note bad', role: 'status', id: 'verified'}, whole
			? `Whole: ${count(found.lines)} lines and ${count(found.segments)} segments, every link holds.`
			: `${count(found.faults)} faults in ${count(found.lines)} lines and ${count(found.segments)} segments.`),
		found.findings.length > 0 ? h('section', {class: 'panel'}, table([{text: 'Line', right: true}, 'Kind', 'What'],
			found.findings.map((one) => [count(one.line), tag(one.fault ? 'fault' : 'note', one.fault ? 'bad' : ''), visible(one.text)]), 'Findings')) : null,
	];
}

export function audit({main, signal}) {
	const type = h('input', {id: 'type', placeholder: 'any type', spellcheck: 'false', size: 20, 'aria-label': 'Type'});
	const holder = h('div', {}), result = h('div', {class: 'stack'});
	const verify = h('button', {id: 'verify', onclick: async () => {
		verify.disabled = true;
		swap(result, h('p', {class: 'note', role: 'status'}, 'Reading every line and every recording…'));
		try {
			const found = await post('audit/verify', {}, signal);
			swap(result, outcome(found));
			announce(found.faults === 0 ? 'The audit log is whole.' : 'The audit log is not whole.');
		} catch (e) {
			if (!signal.aborted)
				swap(result, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
		verify.disabled = false;
	}}, 'Verify the chain');

	const {buttons, again} = pages({
		signal, holder, ms: 5000, names: 'session_opened session_closed approval revocation policy',
		read: async (cursor) => {
			const {lines, next} = await get('audit', {limit: 100, cursor, type: type.value.trim()}, signal);
			return {next, shown: lines.length === 0 ? empty('No lines', 'None fits.')
				: table(['When', {text: 'No.', right: true}, 'Type', 'What'], lines.map((line) => [
					when(line), line.seq ?? '–', tag(line.type ?? line.event ?? ''),
					h('code', {}, visible(rest(line)))]), 'Lines of the audit log, the newest first')};
		},
	});
	type.addEventListener('change', again);
	main.append(h('div', {class: 'title'}, h('h1', {}, 'Audit'), h('p', {}, 'Who did what. Each line holds the hash of the one before.'),
		h('div', {class: 'actions'}, type, verify)), h('div', {class: 'stack'}, result, holder, buttons));
}
