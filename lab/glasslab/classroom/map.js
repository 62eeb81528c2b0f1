'use strict';
/* The map: hosts as boxes, links as wires, a mark that moves for every packet. Its shape comes from the lab's facts:
 * a tree from the router that most others hang on; what is no router hangs on a bus. */
const NS = 'http://www.w3.org/2000/svg';
const BOX = { w: 96, h: 24, gapX: 10 };

function svg(name, attributes, parent) {
	const e = document.createElementNS(NS, name);
	for (const k in attributes) e.setAttribute(k, attributes[k]);
	if (parent) parent.appendChild(e);
	return e;
}

/* Nodes by name, each with its neighbours: hosts, and the switches ("lan:NAME"). */
function graphOf(facts) {
	const nodes = new Map();
	const node = (id, more) => nodes.get(id) || nodes.set(id, { id, near: new Set(), ...more }).get(id);
	for (const h of facts.hosts) node(h.name, { title: h.title, label: h.name, router: h.forwards, host: true });
	for (const l of facts.lans) {
		const n = node('lan:' + l.name, { title: l.title, label: l.name, lan: true });
		for (const m of l.members) { n.near.add(m.host); nodes.get(m.host).near.add(n.id); }
	}
	for (const h of facts.hosts)
		for (const i of h.interfaces)
			if (i.peer && nodes.has(i.peer.host)) { nodes.get(h.name).near.add(i.peer.host); nodes.get(i.peer.host).near.add(h.name); }
	return nodes;
}

/* A tree over the graph. What no cable reaches (it is unplugged) becomes a child of the root. */
function treeOf(nodes) {
	let root = null;
	for (const n of nodes.values()) if (!root || n.near.size > root.near.size) root = n;
	const seen = new Set([root.id]), queue = [root];
	for (const n of nodes.values()) n.children = [];
	while (queue.length) {
		const n = queue.shift();
		for (const id of n.near) {
			if (seen.has(id)) continue;
			seen.add(id);
			nodes.get(id).parent = n;
			n.children.push(nodes.get(id));
			queue.push(nodes.get(id));
		}
	}
	return root;
}

/* Leaves of one node stand in rows beside a bus; other children get a column each, below. */
const PER_ROW = 7;
function widthOf(n) {
	n.leaves = n.children.filter(c => !c.children.length);
	n.limbs = n.children.filter(c => c.children.length);
	const inRow = Math.min(n.leaves.length, PER_ROW);
	const leaves = inRow * (BOX.w + BOX.gapX) + (n.leaves.length ? 14 : 0);
	let limbs = 0;
	for (const c of n.limbs) limbs += widthOf(c) + 18;
	n.limbWidth = limbs;
	n.leafWidth = leaves;
	n.width = Math.max(BOX.w + BOX.gapX, leaves, limbs);
	return n.width;
}

/* Few leaves hang below their node; many hang in rows on a bus that comes down its left side. */
function place(n, x, y, wires) {
	n.x = x + n.width / 2;
	n.y = y;
	const many = n.leaves.length > PER_ROW, below = y + BOX.h / 2;
	const trunk = many ? x + 4 : n.leaves.length && n.limbs.length ? x + n.width - 2 : n.x;
	const start = trunk === n.x ? `M${n.x} ${below}` : `M${n.x + (trunk < n.x ? -1 : 1) * BOX.w / 2} ${y} H${trunk}`;
	let top = below + 14;
	for (let i = 0; i < n.leaves.length; i += PER_ROW) {
		const row = n.leaves.slice(i, i + PER_ROW), busY = top;
		const left = many ? x + 14 : n.x - row.length * (BOX.w + BOX.gapX) / 2 + BOX.gapX / 2;
		row.forEach((c, k) => {
			c.x = left + k * (BOX.w + BOX.gapX) + BOX.w / 2;
			c.y = busY + 12 + BOX.h / 2;
			wires.push({ a: n.id, b: c.id, d: `${many ? start : `M${n.x} ${below}`} V${busY} H${c.x} V${c.y - BOX.h / 2}` });
		});
		top = busY + 12 + BOX.h + 10;
	}
	let at = x + (n.width - n.limbWidth) / 2 + 9, bottom = top;
	for (const c of n.limbs) {
		const end = place(c, at, top + 14 + BOX.h / 2, wires);
		wires.push({ a: n.id, b: c.id, d: `${start} V${top} H${c.x} V${c.y - BOX.h / 2}` });
		at += c.width + 18;
		bottom = Math.max(bottom, end);
	}
	return bottom;
}

class LabMap {
	constructor(box, onHost, onLink) {
		this.links = null; this.hosts = new Map();
		this.box = box; this.onHost = onHost; this.onLink = onLink; this.flying = 0;
	}

	pressable(g, label, act) {
		g.setAttribute('role', 'button');
		g.setAttribute('tabindex', '0');
		g.setAttribute('aria-label', label);
		g.addEventListener('click', act);
		g.addEventListener('keydown', e => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); act(); } });
	}

	draw(facts) {
		this.nodes = graphOf(facts);
		const root = treeOf(this.nodes), wires = [];
		const reached = [...this.nodes.values()].filter(n => n === root || n.parent);
		const width = widthOf(root), bottom = place(root, 6, BOX.h / 2 + 6, wires);
		this.box.textContent = '';
		const s = this.svg = svg('svg', { viewBox: `0 0 ${width + 20} ${bottom + 6}`, role: 'group', 'aria-label': 'Map of the lab' }, this.box);
		this.links = new Map();
		for (const w of wires) this.drawLink(s, w);
		this.air = svg('g', {}, s);
		this.hosts = new Map();
		for (const n of reached) this.drawNode(s, n);
	}

	drawLink(s, w) {
		const g = svg('g', { class: 'link' }, s), a = this.nodes.get(w.a), b = this.nodes.get(w.b);
		svg('path', { d: w.d, class: 'hit' }, g);
		const path = svg('path', { d: w.d, class: 'wire' }, g);
		const link = { a: w.a, b: w.b, g, path, length: path.getTotalLength() };
		this.pressable(g, `the link between ${a.label} and ${b.label}`, () => this.onLink(link, a, b));
		this.links.set(w.a + ' ' + w.b, link);
	}

	drawNode(s, n) {
		const kind = n.lan ? ' lan' : n.router ? ' router' : '';
		const g = svg('g', { class: 'host' + kind + (/attacker|mallory/i.test(n.title + n.id) ? ' attacker' : '') }, s);
		svg('title', {}, g).textContent = n.title;
		svg('rect', { x: n.x - BOX.w / 2, y: n.y - BOX.h / 2, width: BOX.w, height: BOX.h, rx: n.lan ? 12 : 6 }, g);
		svg('text', { x: n.x, y: n.y }, g).textContent = n.label;
		if (n.host) this.pressable(g, `${n.label}: ${n.title}`, () => this.onHost(n.id));
		this.hosts.set(n.id, g);
	}

	/* The wires between two hosts, in order: one, or two with a switch between them. */
	way(from, to) {
		if (!this.links) return []; /* it is not drawn yet */
		const one = (a, b) => {
			if (this.links.has(a + ' ' + b)) return { link: this.links.get(a + ' ' + b), back: false };
			if (this.links.has(b + ' ' + a)) return { link: this.links.get(b + ' ' + a), back: true };
			return null;
		};
		const direct = one(from, to);
		if (direct) return [direct];
		const a = this.nodes && this.nodes.get(from), b = this.nodes && this.nodes.get(to);
		for (const id of a && b ? a.near : [])
			if (b.near.has(id) && one(from, id) && one(id, to)) return [one(from, id), one(id, to)];
		return [];
	}

	/* One packet: a mark that goes along the wires. Its shape says what a listener could do with it. */
	fly(from, to, secrecy) {
		const way = this.way(from, to);
		if (!way.length || this.flying > 60 || document.hidden) return;
		const shape = { clear: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0', encrypted: 'M-4-4h8v8h-8z', tampered: 'M0-6L6 5H-6z' };
		const dot = svg('path', { d: shape[secrecy] || shape.clear,
			class: 'dot ' + ({ clear: 'clear', encrypted: 'sealed', tampered: 'tampered' }[secrecy] || 'plain') }, this.air);
		const total = way.reduce((n, w) => n + w.link.length, 0), start = performance.now(), long = 380;
		this.flying++;
		const step = now => {
			let at = Math.min(1, (now - start) / long) * total;
			const w = way.length === 1 || at <= way[0].link.length ? way[0] : way[1];
			if (w !== way[0]) at -= way[0].link.length;
			const p = w.link.path.getPointAtLength(w.back ? w.link.length - at : at);
			dot.setAttribute('transform', `translate(${p.x} ${p.y})`);
			if (now - start < long) requestAnimationFrame(step);
			else { dot.remove(); this.flying--; }
		};
		requestAnimationFrame(step);
	}

	mark(hosts, link) {
		for (const [id, g] of this.hosts) g.classList.toggle('on', hosts.includes(id));
		for (const l of this.links ? this.links.values() : []) l.g.classList.toggle('on', l === link);
	}
}
