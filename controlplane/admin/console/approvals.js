// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Requests that wait for a human. What is approved is shown whole, and what the eye would miss in
// it is spelled out.

import {get, keep, post} from './api.js';
import {announce, chain, clip, count, empty, facts, h, lasting, swap, table, tag, time, unseen, verdict, visible} from './dom.js';

const MINUTE = 60;

function votes(one) {
	const list = one.votes.map((vote) => h('span', {class: `tag ${vote.vote === 'approve' ? 'good' : 'bad'}`, title: vote.comment},
		visible(vote.name || vote.key), vote.vote === 'approve' ? ' approved' : ' refused', vote.comment ? [': ', visible(vote.comment.slice(0, 200))] : null));
	const yes = one.votes.filter((vote) => vote.vote === 'approve').length;
	return h('span', {class: 'votes'}, h('span', {}, `${yes} of ${one.quorum} needed`), list);
}

function command(one) {
	const text = one.text ?? one.masked ?? '';
	const odd = unseen(text);
	return [
		one.cut ? h('p', {class: 'note bad'}, 'What was recorded of the command is longer than what is kept.') : null,
		odd > 0 ? h('p', {class: 'note wait'}, `${count(odd)} characters in it are not seen or change how the rest is shown. They are spelled out and marked.`) : null,
		/[^\p{ASCII}]/u.test(text) ? h('p', {class: 'muted'}, 'It has letters outside of ASCII: some look like others.') : null,
		h('pre', {class: 'text', tabindex: '0', 'aria-label': 'The exact command', id: 'command'}, visible(text, true)),
		one.text === undefined && one.masked !== undefined ? h('p', {class: 'muted'}, 'As it is recorded: what was masked is not kept.') : null,
	];
}

function what(one) {
	return facts([
		['Resource', h('strong', {}, visible(one.resource))],
		['Rule', visible(one.rule)],
		one.kind === 'command' ? ['Effects', h('span', {class: 'row'}, (one.effects ?? []).map((effect) => tag(effect, 'wait')),
			one.budget ? tag('over budget', 'wait') : null)] : null,
		one.kind === 'access' ? ['Access for', `${lasting(one.duration_s)}, from the approval on`] : null,
		one.reason ? ['Because', visible(one.reason)] : null,
		['Chain', chain(one.chain)],
		one.session ? ['Session', h('a', {href: `#/sessions/${one.session}`, class: 'mono'}, one.session)] : null,
		['Asked', time(one.requested_ns)],
		one.decided_ns ? ['Decided', time(one.decided_ns)] : null,
		['Approvers', h('span', {class: 'row'}, one.approvers.map((group) => tag(group)))],
		['Votes', votes(one)],
		one.mode === 'retry' ? ['Mode', 'the client was told to ask again'] : null,
		one.digest ? ['Approves exactly', h('code', {title: 'SHA-256 of command, parameters, resource, chain and policy'}, one.digest)] : null,
	]);
}

function deciding(one, refresh) {
	if (one.state !== 'pending')
		return null;
	if (!one.may_vote)
		return h('p', {class: 'muted', id: 'may-not'}, `You may not decide about this one${one.why_not ? `: ${one.why_not}` : ''}.`);
	const comment = h('input', {id: `comment-${one.id}`, maxlength: '1000', 'data-key': `comment-${one.id}`});
	const wrong = h('p', {class: 'note bad', role: 'alert', hidden: true});
	const buttons = [];
	const vote = (word, past) => async () => {
		buttons.forEach((b) => (b.disabled = true));
		try {
			await post(`approvals/${one.id}/${word}`, {comment: comment.value});
			announce(`${past}.`);
		} catch (e) {
			wrong.hidden = false;
			wrong.textContent = e.message;
			buttons.forEach((b) => (b.disabled = false));
			if (e.status !== 409)
				return;
		}
		refresh();
	};
	buttons.push(h('button', {class: 'primary approve', onclick: vote('approve', 'Approved')}, 'Approve'),
		h('button', {class: 'danger refuse', onclick: vote('refuse', 'Refused')}, 'Refuse'));
	return h('div', {}, h('div', {class: 'decide'},
		h('div', {class: 'field'}, h('label', {for: `comment-${one.id}`}, 'Comment, for the record'), comment), buttons), wrong);
}

function countdown(one) {
	if (one.state !== 'pending' || !one.expires_ns)
		return verdict(one.state);
	const left = one.expires_ns / 1e9 - Date.now() / 1000;
	return h('span', {class: `countdown ${left < MINUTE ? 'number bad' : ''}`, 'data-expires': one.expires_ns}, `${lasting(left)} left`);
}

// The whole of one request.
function card(one, refresh) {
	return h('article', {class: `panel request ${one.state === 'pending' ? '' : 'over'}`, id: `request-${one.id}`, 'aria-label': `Request ${one.id}`},
		h('header', {}, h('h2', {}, one.kind === 'access' ? 'Access' : 'Command'), h('a', {class: 'mono', href: `#/approvals/${one.id}`}, one.id),
			verdict(one.state), h('span', {class: 'grow'}), countdown(one)),
		h('div', {class: 'body stack'}, one.kind === 'command' ? command(one) : null, what(one), deciding(one, refresh)));
}

function tick(holder, signal) {
	const timer = setInterval(() => holder.querySelectorAll('[data-expires]').forEach((node) => {
		const left = Number(node.dataset.expires) / 1e9 - Date.now() / 1000;
		node.textContent = `${lasting(left)} left`;
		node.classList.toggle('number', left < MINUTE);
		node.classList.toggle('bad', left < MINUTE);
	}), 1000);
	signal.addEventListener('abort', () => clearInterval(timer));
}

// Cards by id; one is made anew only when the request has changed, so that a comment half written
// stays.
function cards(holder) {
	const have = new Map();
	return (list, refresh) => {
		for (const id of [...have.keys()].filter((key) => !list.some((one) => one.id === key))) {
			have.get(id).node.remove();
			have.delete(id);
		}
		list.forEach((one, i) => {
			const text = JSON.stringify(one);
			const old = have.get(one.id);
			if (old?.text !== text) {
				const node = card(one, refresh);
				const typed = old?.node.querySelector('input');
				const input = node.querySelector('input');
				if (typed && input)
					input.value = typed.value;
				const focused = old?.node.contains(document.activeElement) && document.activeElement === typed;
				old?.node.remove();
				have.set(one.id, {text, node});
				holder.insertBefore(node, holder.children[i] ?? null);
				if (focused)
					input?.focus();
			}
		});
	};
}

function past(list) {
	return list.length === 0 ? null : h('section', {class: 'panel', 'aria-label': 'Decided'}, h('header', {}, h('h2', {}, 'Before')),
		table(['Asked', 'Request', 'State', 'Resource', 'Who', 'Command', 'Votes'], list.map((one) => [
			time(one.requested_ns), h('a', {class: 'mono', href: `#/approvals/${one.id}`}, one.id), verdict(one.state), visible(one.resource),
			clip(one.chain.map((link) => link.name || link.key).join(' › ')), clip(one.masked ?? one.text ?? `access: ${one.reason ?? ''}`),
			clip(one.votes.map((vote) => `${vote.name || vote.key}: ${vote.vote}`).join(', '))]), 'Requests that were decided'));
}

export function approvals({main, rest, signal}) {
	const pending = h('div', {class: 'stack', id: 'pending'}), other = h('div', {});
	const put = cards(pending);
	const id = rest[0];
	main.append(h('div', {class: 'title'}, h('h1', {}, id ? 'Request' : 'Approvals'),
		h('p', {}, id ? h('a', {href: '#/approvals'}, 'all requests') : 'What waits for a human. What you approve runs once, exactly as shown.')),
	h('div', {class: 'stack'}, pending, other));

	async function load() {
		try {
			if (id) {
				put([await get(`approvals/${encodeURIComponent(id)}`, {}, signal)], refresh);
				return;
			}
			const [waiting, before] = await Promise.all([
				get('approvals', {state: 'pending', limit: 200}, signal), get('approvals', {limit: 50}, signal)]);
			const list = waiting.approvals;
			pending.querySelector('.empty')?.remove();
			put(list, refresh);
			if (list.length === 0)
				pending.append(h('section', {class: 'panel empty'}, empty('Nothing waits', 'Held commands and requests for access show here.')));
			swap(other, past(before.approvals.filter((one) => one.state !== 'pending')));
		} catch (e) {
			if (!signal.aborted)
				swap(other, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	}
	const refresh = keep(load, {ms: 3000, names: 'approval', signal});
	tick(pending, signal);
}
