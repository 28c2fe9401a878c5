// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A Chromium that does what browser.py says: a line of JSON in, a line of JSON out.
//
//   {"do": "click", "selector": "#run"}  ->  {"value": null}  or  {"error": "..."}

import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const { chromium } = createRequire(path.join(here, '../../build/npm/node_modules/'))('playwright-core');

// Who runs tests in namespaces is root, whom Chromium's own sandbox does not take.
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
let context = null, page = null, faults = [], dialogs = 0;

async function fresh({ scheme = 'light', width = 1360, height = 860 }) {
	await context?.close();
	// The certificate is of the test's own authority.
	context = await browser.newContext({
		ignoreHTTPSErrors: true, colorScheme: scheme, viewport: { width, height }, reducedMotion: 'reduce',
	});
	context.setDefaultTimeout(15000);
	page = await context.newPage();
	faults = [];
	dialogs = 0;
	page.on('console', (m) => m.type() === 'error' && faults.push(m.text()));
	page.on('pageerror', (e) => faults.push(String(e)));
	page.on('dialog', (d) => {
		dialogs++;
		return d.dismiss();
	});
	await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) =>
		console.error(`violation: ${e.violatedDirective} ${e.blockedURI}`)));
}

const acts = {
	fresh,
	go: ({ url }) => page.goto(url).then(() => null),
	click: ({ selector }) => page.locator(selector).first().click(),
	fill: ({ selector, text }) => page.locator(selector).first().fill(text),
	choose: ({ selector, value }) => page.locator(selector).first().selectOption(value).then(() => null),
	press: ({ key }) => page.keyboard.press(key),
	wait: ({ selector, state = 'visible' }) => page.locator(selector).first().waitFor({ state }),
	text: ({ selector }) => page.locator(selector).first().innerText(),
	value: ({ selector }) => page.locator(selector).first().inputValue(),
	count: ({ selector }) => page.locator(selector).count(),
	title: ({ selector }) => page.locator(selector).first().getAttribute('title'),
	shot: ({ file, whole = false }) => page.screenshot({ path: file, fullPage: whole }).then(() => null),
	run: ({ code }) => page.evaluate(code), // what the test itself asks of the page
	url: () => page.url(),
	faults: () => faults.splice(0),
	dialogs: () => dialogs,
};

console.log(JSON.stringify({ value: 'ready' }));
for await (const line of createInterface({ input: process.stdin })) {
	const { do: act, ...rest } = JSON.parse(line);
	try {
		const value = await acts[act](rest);
		console.log(JSON.stringify({ value: value ?? null }));
	} catch (e) {
		console.log(JSON.stringify({ error: `${act} ${JSON.stringify(rest)}: ${e.message}` }));
	}
}
await browser.close();
