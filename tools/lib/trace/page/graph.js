/* Who is linked with whom. In a lab these are its cables and networks, and a message goes along them; without one, a line
 * stands for "these two talk". */

function neighboursOf(model) {
	const next = new Map();
	const link = (a, b) => {
		for (const [x, y] of [[a, b], [b, a]])
			next.set(x, (next.get(x) || new Set()).add(y));
	};
	for (const [name, h] of model.lab ? model.lab.hosts : [])
		h.links.forEach((to) => link(name, to));
	return { next, link };
}

class Graph {
	constructor(model) {
		this.model = model;
		this.moves = movesOf(model);
		this.movable = new Set(this.moves.map((m) => m.net).concat([...new Set(this.moves.map((m) => m.host))].flatMap((h) =>
			model.lab.hosts.get(h).links.filter((l) => l.startsWith("net:")))));
		const { next, link } = neighboursOf(model);
		this.moves.forEach((m) => link(m.host, m.net));
		this.next = next;
		this.memory = new Map();
		this.kind = new Map();
		this.routes = model.messages.map((m) => this.route(m.i, m.from, m.to));
		this.collect();
	}

	/* Where a movable host is plugged in when row i is over. */
	netOf(host, i) {
		let net = this.model.lab.hosts.get(host).links.find((l) => l.startsWith("net:"));
		for (const m of this.moves)
			if (m.host === host && m.i <= i)
				net = m.net;
		return net;
	}

	linked(a, b, i) {
		const [host, net] = a.startsWith("net:") ? [b, a] : [a, b];
		return !this.moves.some((m) => m.host === host) || !this.movable.has(net) || this.netOf(host, i) === net;
	}

	/* The places on the way, ends included. Only routers and networks pass on. */
	route(i, from, to) {
		const where = this.moves.length ? [...new Set(this.moves.map((m) => m.host))].map((h) => this.netOf(h, i)).join() : "";
		const key = from + "\n" + to + "\n" + where;
		if (!this.memory.has(key))
			this.memory.set(key, this.search(i, from, to));
		return this.memory.get(key);
	}

	search(i, from, to) {
		const came = new Map([[from, null]]), lab = this.model.lab;
		let front = lab && lab.hosts.has(from) && lab.hosts.has(to) ? [from] : [];
		while (front.length && !came.has(to)) {
			const then = [];
			for (const a of front)
				if (a === from || a.startsWith("net:") || lab.hosts.get(a).forwards)
					for (const b of this.next.get(a) || [])
						if (!came.has(b) && this.linked(a, b, i)) {
							came.set(b, a);
							then.push(b);
						}
			front = then;
		}
		if (!came.has(to))
			return [from, to];
		const way = [];
		for (let at = to; at !== null; at = came.get(at))
			way.unshift(at);
		return way;
	}

	/* Only what some message touches is drawn. */
	collect() {
		this.edges = new Map();
		this.count = new Map();
		const shown = new Map();
		for (const way of this.routes) {
			way.forEach((n) => shown.set(n, shown.get(n) || new Set()));
			for (let k = 1; k < way.length; k++) {
				const [a, b] = way.slice(k - 1, k + 1), key = pairKey(a, b);
				if (a === b)
					continue;
				this.edges.set(key, [a, b]);
				this.count.set(key, (this.count.get(key) || 0) + 1);
				shown.get(a).add(b);
				shown.get(b).add(a);
			}
		}
		this.shown = shown;
		const ends = new Set(this.model.hosts), lab = this.model.lab;
		for (const n of shown.keys())
			this.kind.set(n, n.startsWith("net:") && lab && lab.nets.has(n) ? "net"
				: lab && lab.hosts.has(n) && lab.hosts.get(n).forwards && !ends.has(n) ? "router" : "host");
	}

	label(n) {
		return this.kind.get(n) === "net" ? n.slice(4) : n;
	}

	title(n) {
		const lab = this.model.lab, h = lab && lab.hosts.get(n);
		if (this.kind.get(n) === "net")
			return "the network " + n.slice(4) + (lab.nets.get(n) ? ": " + lab.nets.get(n) : "");
		return h && h.title ? n + ": " + h.title + (h.addrs.length ? " \u00B7 " + h.addrs.slice(0, 4).join(", ") : "") +
			(h.addrs.length > 4 ? " and " + (h.addrs.length - 4) + " more" : "") : n;
	}

	/* By how many links they are from the host that began; what nothing connects with it comes as a piece of its own. */
	levels() {
		const seen = new Set(), out = [];
		for (const start of [...this.model.hosts, ...this.shown.keys()]) {
			let front = seen.has(start) || !this.shown.has(start) ? [] : [start];
			front.forEach((h) => seen.add(h));
			for (let depth = 0; front.length; depth++) {
				out[depth] = (out[depth] || []).concat(front);
				const then = [];
				for (const h of front)
					for (const n of this.shown.get(h))
						if (!seen.has(n)) {
							seen.add(n);
							then.push(n);
						}
				front = then;
			}
		}
		return out;
	}
}

function pairKey(a, b) {
	return a < b ? a + "\n" + b : b + "\n" + a;
}
