/* The page: what the server sends, shown where it belongs. Everything that comes from the wire becomes text nodes. */
const $ = id => document.getElementById(id);
const KEEP = 300;
let packets = [], filter = null, paused = false, firstTime = null, facts = null;

function el(name, text, cls) {
	const e = document.createElement(name);
	if (text !== undefined) e.textContent = text;
	if (cls) e.className = cls;
	return e;
}

async function get(path, how) {
	const r = await fetch(path, how);
	const type = r.headers.get('content-type') || '';
	const body = type.startsWith('application/json') ? await r.json() : await r.text();
	if (!r.ok) throw new Error(body.error || body);
	return body;
}

function show(tab) {
	for (const t of document.querySelectorAll('[role="tab"]')) {
		const on = t.id === 'tab-' + tab;
		t.setAttribute('aria-selected', on);
		$(t.getAttribute('aria-controls')).hidden = !on;
	}
}

/* --- packets */

const mark = { clear: '●', encrypted: '■', tampered: '▲' }, hue = { clear: 'clear', encrypted: 'sealed', tampered: 'tampered' };

function matches(p) {
	if (!filter) return true;
	if (filter.host) return p.from === filter.host || p.to === filter.host;
	return map.way(p.from, p.to).some(w => w.link === filter.link);
}

function row(p) {
	const li = el('li'), b = el('button');
	b.type = 'button';
	b.dataset.id = p.id;
	if (firstTime === null) firstTime = Number(p.time);
	b.append(el('span', mark[p.secrecy] || '·', hue[p.secrecy] || ''), el('span', (Number(p.time) - firstTime).toFixed(3) + ' s', 'at'),
		el('span', p.from + ' → ' + p.to), el('span', p.label));
	b.title = p.label;
	b.addEventListener('click', () => showPacket(p, b));
	li.append(b);
	return li;
}

function list() {
	$('packets').replaceChildren(...packets.filter(matches).slice(-KEEP).reverse().map(row));
}

function takePacket(p) {
	packets.push(p);
	if (packets.length > 2 * KEEP) packets = packets.slice(-KEEP);
	map.fly(p.from, p.to, p.secrecy);
	if (paused || !matches(p)) return;
	$('packets').prepend(row(p));
	while ($('packets').childElementCount > KEEP) $('packets').lastChild.remove();
}

function setFilter(f, title) {
	filter = f;
	$('passing-title').textContent = 'What passes' + title;
	$('everywhere').hidden = !f;
	if (!f) map.mark([], null);
	list();
}

function octets(hex) {
	const lines = [];
	for (let i = 0; i < hex.length; i += 32) {
		const part = hex.slice(i, i + 32).match(/../g) || [];
		const letters = part.map(x => { const c = parseInt(x, 16); return c > 31 && c < 127 ? String.fromCharCode(c) : '·'; }).join('');
		lines.push((i / 2).toString(16).padStart(4, '0') + '  ' + part.join(' ').padEnd(48) + ' ' + letters);
	}
	return lines.join('\n');
}

async function showPacket(p, button) {
	for (const b of document.querySelectorAll('#packets .on')) b.classList.remove('on');
	button.classList.add('on');
	show('detail');
	watched = null;
	const box = $('detail');
	box.replaceChildren(el('h2', p.label), el('p', `${p.from} ${p.from_addr || ''} → ${p.to} ${p.to_addr || ''}, ${p.len} octets`));
	try {
		const events = await get('packet/' + p.id), table = el('table');
		for (const e of events.filter(e => e.kind === 'state'))
			box.append(el('p', `${e.actor} changed ${e.table} ${e.key}: ${e.before || 'nothing'} → ${e.after || 'nothing'}. ${e.reason || ''}`));
		for (const f of events.filter(e => e.kind === 'field')) {
			const tr = el('tr'), name = el('td', f.name), value = el('td', f.value);
			name.style.paddingLeft = (f.depth || 0) * .8 + 'rem';
			value.append(f.meaning ? el('p', f.meaning, 'skip') : '');
			tr.append(name, value);
			table.append(tr);
		}
		box.append(table, el('h3', 'Octets'), el('pre', octets(events[0].bytes || ''), 'hex'));
	} catch (e) {
		box.append(el('p', e.message));
	}
}

/* --- hosts */

function rowsTable(rows) {
	const flat = rows.map(r => {
		const o = {};
		for (const k in r)
			if (k === 'addr_info') o.addresses = r[k].map(a => a.local + '/' + a.prefixlen).join(', ');
			else if (typeof r[k] !== 'object' || Array.isArray(r[k])) o[k] = Array.isArray(r[k]) ? r[k].join(' ') : String(r[k]);
		return o;
	});
	const wanted = flat.some(o => o.ttl) ? ['name', 'type', 'data', 'ttl', 'kind', 'from'] /* a DNS cache */
		: ['flow', 'ifname', 'dst', 'gateway', 'dev', 'lladdr', 'address', 'addresses', 'operstate', 'state', 'prefsrc', 'metric', 'mtu'];
	const keys = wanted.filter(k => flat.some(o => o[k]));
	const table = el('table'), head = el('tr');
	for (const k of keys) head.append(el('th', k));
	table.append(head);
	for (const o of flat) {
		const tr = el('tr');
		for (const k of keys) tr.append(el('td', o[k] || ''));
		table.append(tr);
	}
	return table;
}

/* What is shown of a host: asked again every few seconds, as long as it is looked at. */
let watched = null;

function hostTables(known, tables) {
	const box = el('div');
	for (const t of tables) {
		/* An empty NAT table says something of a router only. */
		if (t.rows && !t.rows.length && (t.who === '' || (t.who === 'router' && !known.forwards))) continue;
		const fold = el('details');
		fold.open = !watched.folded.has(t.title);
		fold.dataset.title = t.title;
		fold.addEventListener('toggle', () => watched && watched.folded[fold.open ? 'delete' : 'add'](t.title));
		fold.append(el('summary', t.title + (t.rows && t.rows.length ? ` (${t.rows.length})` : '')),
			t.rows && t.rows.length ? rowsTable(t.rows) : t.text ? el('pre', t.text) : el('p', 'none', 'skip'),
			el('p', `glasslab exec ${known.name} -- ${t.command}`, 'command'));
		box.append(fold);
	}
	return box;
}

async function askHost() {
	const w = watched;
	if (!w || w.asking) return;
	w.asking = true;
	try {
		const h = await get('host/' + encodeURIComponent(w.known.name)), said = JSON.stringify(h.tables);
		if (watched !== w || said === w.said || (w.said && String(getSelection()))) return; /* nobody loses what is being copied */
		w.said = said;
		const box = hostTables(w.known, h.tables);
		w.box.replaceWith(box);
		w.box = box;
	} catch (e) {
		if (watched === w) w.box.replaceChildren(el('p', e.message));
	} finally {
		w.asking = false;
	}
}

function showHost(name) {
	map.mark([name], null);
	setFilter({ host: name }, ' at ' + name);
	show('detail');
	const known = facts.hosts.find(h => h.name === name) || { name, services: [] };
	watched = { known, box: el('div'), folded: new Set(), said: '', asking: false };
	watched.box.append(el('p', 'asking it …', 'skip'));
	$('detail').replaceChildren(el('h2', name), el('p', known.title), ...known.services.map(s =>
		el('p', `${s.name}: ${s.title}, ${s.state}` + (s.port ? `, port ${s.port}` : ''))), watched.box);
	return askHost();
}

function showLink(link, a, b) {
	map.mark([], link);
	setFilter({ link }, ` between ${a.label} and ${b.label}`);
}

const map = new LabMap($('map'), showHost, showLink);

/* --- scenes */

function story(e) {
	const add = (text, cls) => { if (text) $('story').append(el('li', text, cls)); };
	if (e.kind === 'note') add(e.text, e.level === 'heading' ? 'heading' : e.level === 'warning' ? 'warning' : 'explain');
	else if (e.kind === 'decision') add('◆ ' + e.text);
	else if (e.kind === 'check') add((e.verdict === 'pass' ? '✓ ' : e.verdict === 'fail' ? '✗ ' : '– ') + e.what + ' — ' + e.text, e.verdict);
	else if (e.kind === 'state') add('▪ ' + e.table + ': ' + e.key + ' ' + [e.before, e.after].filter(Boolean).join(' → '));
	else if (e.kind === 'send') add((mark[e.secrecy] || '→') + ' ' + e.from + ' → ' + e.to + '  ' + e.label, hue[e.secrecy] || '');
	else if (e.kind === 'result') add(e.text, 'heading');
}

async function start(what, command) {
	measured = 0;
	show('scene');
	$('story').replaceChildren(el('li', 'playing: ' + command, 'explain'));
	try {
		await get(what, { method: 'POST' });
		return true;
	} catch (e) {
		$('story').append(el('li', e.message, 'fail'));
		return false;
	}
}

/* --- the matrix: one row a cell, as measured; a click plays the cell in detail */

let measured = 0; /* cells, since somebody pressed a button */
const verdictMark = { stopped: '✓ stopped', 'not stopped': '✗ NOT STOPPED' };

/* The rows of one family of attacks, under its name. */
function familyOf(name) {
	const there = [...$('cells-table').tBodies].find(t => t.dataset.family === name);
	if (there) return there;
	const body = el('tbody'), tr = el('tr'), th = el('th', name);
	body.dataset.family = name;
	th.colSpan = 4;
	th.scope = 'rowgroup';
	tr.append(th);
	body.append(tr);
	$('cells-table').append(body);
	return body;
}

function takeCell(c) {
	const tr = el('tr'), b = el('button', c.attack), verdict = el('td', verdictMark[c.verdict] || '? undecided',
		c.verdict === 'stopped' ? 'pass' : c.verdict === 'not stopped' ? 'fail' : 'skip');
	tr.dataset.id = c.cell;
	b.type = 'button';
	b.title = 'play this one in detail: glasslab demo freewifi --cell ' + c.cell;
	b.addEventListener('click', () => start('matrix/' + c.cell, 'glasslab demo freewifi --cell ' + c.cell));
	const first = el('td'), why = el('td', c.verdict === 'stopped' ? c.decided_by && c.decided_by.text : c.got && 'mallory has ' + c.got);
	first.append(b);
	if (!c.as_predicted) verdict.append(el('p', 'predicted: ' + c.predicted));
	tr.append(first, el('td', c.protection), verdict, why);
	const old = [...document.querySelectorAll('#cells-table tr')].find(r => r.dataset.id === c.cell);
	if (old) old.replaceWith(tr);
	else familyOf(c.family).append(tr);
	$('cells-table').hidden = false;
}

/* --- worksheets */

async function openSheet() {
	const n = $('sheets').value;
	$('checks').replaceChildren();
	begun = false;
	/* The worksheets are the project's own files; the server made HTML of their Markdown. */
	if (n !== '') $('paper').innerHTML = await get('worksheet/' + n);
}

/* begun: whether the server could check it the last time. While it can, it does so by itself. */
let begun = false, checking = false;

async function ask(what) {
	if (what === 'check' && checking) return; /* it says when it has ended */
	checking = what === 'check';
	try {
		await get(what + '/' + $('sheets').value, { method: 'POST' });
	} catch (e) {
		checking = false;
		if (what === 'begin') $('checks').replaceChildren(el('li', e.message, 'fail'));
	}
}

function takeCheck(e) {
	if (e.kind !== 'check' || String(e.worksheet) !== $('sheets').value) return;
	const old = [...$('checks').children].find(li => li.dataset.id === e.id);
	const li = el('li', (e.verdict === 'pass' ? '✓ ' : e.verdict === 'fail' ? '✗ ' : '○ ') + e.what + ' — ' + e.text, e.verdict);
	li.dataset.id = e.id;
	if (old && old.textContent === li.textContent) return;
	if (old) old.replaceWith(li);
	else $('checks').append(li);
}

function endCheck(e) {
	checking = false;
	for (const li of [...$('checks').children]) if (!li.dataset.id) li.remove();
	begun = e.status < 2;
	if (!begun) $('checks').append(el('li', e.said, 'skip'));
	else if (!$('checks').childElementCount) ask('check');
}

/* --- what the server says */

async function begin() {
	const s = await get('start');
	$('lab').textContent = 'lab “' + s.lab + '”';
	packets = s.packets;
	firstTime = packets.length ? Number(packets[0].time) : null;
	$('scenes').replaceChildren(...s.scenes.map(x => {
		const b = el('button', x.name);
		b.type = 'button';
		b.title = x.summary;
		b.addEventListener('click', () => start('scene/' + encodeURIComponent(x.name), 'glasslab demo ' + x.name));
		return b;
	}));
	Object.values(s.cells).forEach(takeCell);
	const chosen = $('sheets').value;
	$('sheets').replaceChildren(...s.worksheets.map(w => { const o = el('option', w.title); o.value = w.number; return o; }));
	if (chosen) $('sheets').value = chosen;
	await drawMap();
	list();
	if (!$('paper').childElementCount) openSheet();
}

/* Draws the map again where cables were changed since. */
async function drawMap() {
	try {
		const now = await get('facts');
		if (now.error) throw new Error(now.error);
		const same = facts && JSON.stringify([facts.holder, facts.lans]) === JSON.stringify([now.holder, now.lans]);
		facts = now;
		if (!same) map.draw(facts);
	} catch (e) {
		facts = null;
		$('map').replaceChildren(el('p', e.message));
	}
}

function on(feed, name, act) {
	feed.addEventListener(name, m => act(JSON.parse(m.data)));
}

function connect() {
	const feed = new EventSource('events');
	feed.onopen = () => { $('state').textContent = 'live'; checking = false; begin(); };
	feed.onerror = () => { $('state').textContent = 'the server is gone; trying again'; };
	on(feed, 'packet', takePacket);
	on(feed, 'lost', () => { $('state').textContent = 'live (this page is slow: some packets were left out)'; });
	on(feed, 'deaf', e => { $('state').textContent = 'no packets: ' + e.said; });
	on(feed, 'scene', e => {
		if (e.data && e.data.cell) {
			takeCell(e.data);
			$('matrix-state').textContent = `playing: ${++measured} measured`;
		}
		story(e);
	});
	on(feed, 'scene-end', e => {
		$('matrix-state').textContent = measured ? `${measured} measured` : '';
		$('story').append(el('li', e.status === 0 ? 'The scene is over: all came as predicted.' : 'The scene ended with exit status ' + e.status + '. ' + e.said,
			e.status === 0 ? 'pass' : 'fail'));
		drawMap();
	});
	on(feed, 'check', takeCheck);
	on(feed, 'check-end', endCheck);
}

for (const t of document.querySelectorAll('[role="tab"]')) t.addEventListener('click', () => show(t.id.slice(4)));
$('pause').addEventListener('click', () => {
	paused = !paused;
	$('pause').setAttribute('aria-pressed', paused);
	$('pause').textContent = paused ? 'Go on' : 'Pause';
	if (!paused) list();
});
$('everywhere').addEventListener('click', () => setFilter(null, ', everywhere'));
$('sheets').addEventListener('change', openSheet);
$('check').addEventListener('click', () => ask('check'));
$('play-matrix').addEventListener('click', async () => {
	if (!await start('matrix/', 'glasslab demo freewifi --matrix')) return;
	$('matrix-state').textContent = 'playing …';
	show('matrix');
});
$('begin').addEventListener('click', () => ask('begin'));
connect();
setInterval(() => { if (!document.hidden) drawMap(); }, 4000);
setInterval(() => { if (watched && !paused && !document.hidden && !$('detail').hidden) askHost(); }, 3000);
setInterval(() => { if (begun && !paused && !document.hidden && !$('sheet').hidden) ask('check'); }, 3000);
