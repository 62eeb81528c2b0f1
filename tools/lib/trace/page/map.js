/* The map: the hosts in columns by how far they are, in messages, from the one that began. */

const NODE_H = 30, ROW_H = 42, MAX_IN_COLUMN = 6;

function neighbours(model) {
	const next = new Map(model.hosts.map((h) => [h, new Set()]));
	for (const m of model.messages)
		if (m.from !== m.to) {
			next.get(m.from).add(m.to);
			next.get(m.to).add(m.from);
		}
	return next;
}

/* Hosts by distance; those that nothing connects with the first follow as a piece of their own, further down. */
function levels(model) {
	const next = neighbours(model), seen = new Set(), out = [];
	for (const start of model.hosts) {
		let front = seen.has(start) ? [] : [start];
		front.forEach((h) => seen.add(h));
		for (let depth = 0; front.length; depth++) {
			out[depth] = (out[depth] || []).concat(front);
			const then = [];
			for (const h of front)
				for (const n of next.get(h))
					if (!seen.has(n)) {
						seen.add(n);
						then.push(n);
					}
			front = then;
		}
	}
	return out;
}

/* A level that is too high for one column becomes several. */
function columns(model) {
	const out = [];
	for (const level of levels(model)) {
		const n = Math.ceil(level.length / MAX_IN_COLUMN), size = Math.ceil(level.length / n);
		for (let i = 0; i < n; i++)
			out.push(level.slice(i * size, (i + 1) * size));
	}
	return out;
}

function shorten(name, max) {
	return name.length > max ? name.slice(0, Math.max(1, max - 1)) + "\u2026" : name;
}

function layout(model, width) {
	const cols = columns(model), high = Math.max(1, ...cols.map((c) => c.length));
	const step = width / Math.max(1, cols.length), w = Math.max(38, Math.min(170, step - 26));
	const height = Math.max(2, high) * ROW_H + 16, at = new Map();
	cols.forEach((col, x) => col.forEach((host, y) => {
		/* columns of the same height are shifted against each other, so that a line to a farther one stays visible */
		const shift = cols.length > 2 && col.length === high && x % 2 && high > 1 ? 8 : 0;
		at.set(host, { x: step * (x + 0.5), y: (height - shift) / 2 + (y - (col.length - 1) / 2) * ROW_H + shift, w });
	}));
	return { at, height, chars: Math.floor((w - 12) / 7.2) };
}

function pairKey(a, b) {
	return a < b ? a + "\n" + b : b + "\n" + a;
}

function drawMap(model, width) {
	const place = layout(model, width), edges = new Map();
	const root = svg("svg", { viewBox: "0 0 " + width + " " + place.height, width, height: place.height, role: "img",
		"aria-label": "Map: " + model.hosts.join(", ") });
	const count = new Map();
	for (const m of model.messages)
		if (m.from !== m.to)
			count.set(pairKey(m.from, m.to), (count.get(pairKey(m.from, m.to)) || 0) + 1);
	for (const [key, n] of count) {
		const [a, b] = key.split("\n").map((h) => place.at.get(h));
		const line = svg("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "edge", "stroke-width": 1 + Math.min(3, Math.log2(n) / 2) });
		edges.set(key, line);
		root.append(line);
	}
	const flight = svg("g", { class: "flight" }), nodes = new Map();
	root.append(flight);
	for (const [host, p] of place.at) {
		const g = svg("g", { class: "node" });
		g.append(svg("title", {}, host), svg("rect", { x: p.x - p.w / 2, y: p.y - NODE_H / 2, width: p.w, height: NODE_H, rx: 7 }),
			svg("text", { x: p.x, y: p.y + 4.5, "text-anchor": "middle" }, shorten(host, place.chars)));
		nodes.set(host, g);
		root.append(g);
	}
	return { root, place, edges, nodes, flight };
}

/* The message that is looked at: its two hosts, the line between them, and it itself on its way. */
function showOnMap(map, row) {
	map.edges.forEach((e) => e.classList.remove("on"));
	map.nodes.forEach((n) => n.classList.remove("on"));
	map.flight.replaceChildren();
	if (!row || row.type !== "message")
		return;
	map.nodes.get(row.from).classList.add("on");
	map.nodes.get(row.to).classList.add("on");
	const edge = map.edges.get(pairKey(row.from, row.to)), a = map.place.at.get(row.from), b = map.place.at.get(row.to);
	if (!edge)
		return;
	edge.classList.add("on");
	const angle = Math.atan2(b.y - a.y, b.x - a.x) * 180 / Math.PI;
	/* the arrow stands where the line leaves the box of the receiver */
	const dx = b.x - a.x, dy = b.y - a.y;
	const inside = Math.min(Math.abs((b.w / 2 + 5) / (dx || 1e-9)), Math.abs((NODE_H / 2 + 5) / (dy || 1e-9)));
	const px = b.x - dx * Math.min(0.5, inside), py = b.y - dy * Math.min(0.5, inside);
	map.flight.append(svg("path", { d: "M0 0L-12 -6L-12 6Z", transform: "translate(" + px + " " + py + ") rotate(" + angle + ")",
		class: "head sec" + row.secrecy }));
	const dot = svg("g", { class: "dot sec" + row.secrecy });
	dot.append(svg("circle", { r: 8 }), svg("text", { "text-anchor": "middle", y: 3.5 }, (SECRECY[row.secrecy].sign)));
	map.flight.append(dot);
	const from = "translate(" + a.x + "px," + a.y + "px)", to = "translate(" + px + "px," + py + "px)";
	const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
	dot.setAttribute("transform", "translate(" + (a.x + px) / 2 + " " + (a.y + py) / 2 + ")");
	if (!still && dot.animate)
		dot.animate([{ transform: from }, { transform: to }], { duration: 650, easing: "ease-in-out" });
}
