// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What test_drivers.py asks of node-postgres: text and binary, simple and with parameters, several
// queries under way at once. libpq's environment variables say where.
'use strict';

const assert = require('assert');
const fs = require('fs');
const tls = require('tls');
const { Client } = require('pg');

// node-postgres names no host when it is an address, and then 'localhost' would be checked.
const ssl = {
	ca: fs.readFileSync(process.env.PGSSLROOTCERT, 'utf8'),
	checkServerIdentity: (_, cert) => tls.checkServerIdentity(process.env.PGHOST, cert),
};

function client(more) {
	return new Client({ ssl, ...more });
}

async function refused(promise, pattern) {
	await assert.rejects(promise, (e) => e.code === '42501' && pattern.test(e.message));
}

async function masking(c, binary) {
	const ask = (text, values) => c.query({ text, values, binary });
	let r = await ask('SELECT id, email, ssn FROM customers WHERE id = 1');
	assert.deepStrictEqual(r.rows, [{ id: 1, email: '[REDACTED:email]', ssn: '***-**-9999' }]);
	r = await ask('SELECT id, email AS e, ssn AS s, pin FROM customers WHERE id = $1', [1]);
	assert.deepStrictEqual(r.rows, [{ id: 1, e: '[REDACTED:email]', s: '***-**-9999', pin: null }]);
	r = await ask('SELECT $1::text AS t, $2::int AS n, $3::float8 AS f, $4::bool AS b, now() AS d',
		['mail joe@example.org', 7, 2.5, true]);
	assert.strictEqual(r.rows[0].t, 'mail [REDACTED:email]');
	assert.strictEqual(r.rows[0].n, 7);
	assert.strictEqual(r.rows[0].f, 2.5);
	assert.strictEqual(r.rows[0].b, true);
	assert.ok(r.rows[0].d instanceof Date);
	r = await ask("SELECT ARRAY['a@example.org', 'x'] AS a, '\\x00ff'::bytea AS y, NULL AS z");
	assert.strictEqual(r.rows[0].z, null);
	assert.ok(!JSON.stringify(r.rows).includes('a@example.org'));
}

async function denial(c) {
	await refused(c.query('DROP TABLE customers'), /DROP TABLE refused/);
	await refused(c.query('DELETE FROM customers WHERE id = $1', [1]), /DELETE refused/);
	await refused(c.query({ name: 'd', text: 'UPDATE customers SET pin = $1', values: [1] }),
		/UPDATE refused/);
	const r = await c.query('SELECT 1 AS one');
	assert.strictEqual(r.rows[0].one, 1);
}

async function prepared(c) {
	for (let i = 0; i < 100; i++) {
		const r = await c.query({
			name: 'by-id', text: 'SELECT ssn AS s FROM customers WHERE id = $1',
			values: [1 + i % 2],
		});
		assert.match(r.rows[0].s, /^\*\*\*-\*\*-\d{4}$/);
	}
}

// node-postgres queues them; each must get its own answer, refusals in between. (It reads binary
// values by way of UTF-8: numbers beyond 127 come out wrong, straight from the server too.)
async function atOnce(c) {
	const asked = [];
	for (let i = 0; i < 200; i++) {
		asked.push(i % 10 === 7
			? refused(c.query('DELETE FROM customers WHERE id = $1', [i]), /DELETE/)
			: c.query('SELECT $1::int AS n', [i % 128])
				.then((r) => assert.strictEqual(r.rows[0].n, i % 128)));
	}
	await Promise.all(asked);
}

async function many(n) {
	const clients = Array.from({ length: n }, () => client({}));
	await Promise.all(clients.map((c) => c.connect()));
	await Promise.all(clients.map(async (c, i) => {
		for (let j = 0; j < 20; j++) {
			const r = await c.query('SELECT $1::int AS n', [i * 1000 + j]);
			assert.strictEqual(r.rows[0].n, i * 1000 + j);
		}
	}));
	await Promise.all(clients.map((c) => c.end()));
}

async function main() {
	for (const binary of [false, true]) {
		const c = client({ binary });
		await c.connect();
		await masking(c, binary);
		await denial(c);
		await prepared(c);
		await atOnce(c);
		await c.end();
	}
	await many(10);
	console.log('node-postgres: all as expected');
}

main().catch((e) => {
	console.error(e);
	process.exit(1);
});
