/* The map: places in columns (rows, where it is narrow) by how far they are from the host that began. */

const PLACE = { /* height, type size, width of a letter, least width */
	host: { h: 30, letter: 7.3, least: 46, pad: 18 },
	router: { h: 24, letter: 6.5, least: 34, pad: 16 },
	net: { h: 19, letter: 6.1, least: 30, pad: 14 },
};
const ROW_H = 40, MAX_IN_COLUMN = 7, LEAST_GAP = 16, MOST_GAP = 64;

function shorten(name, max) {
	return name.length > max ? name.slice(0, Math.max(1, max - 1)) + "\u2026" : name;
}

function widthOf(graph, n) {
	const p = PLACE[graph.kind.get(n)];
	return Math.max(p.least, p.pad + p.letter * Math.min(22, graph.label(n).length));
}

/* A level that is too high for one column becomes several. */
function columnsOf(graph) {
	return graph.levels().flatMap((level) => {
		const n = Math.ceil(level.length / MAX_IN_COLUMN), size = Math.ceil(level.length / n);
		return Array.from({ length: n }, (_, i) => level.slice(i * size, (i + 1) * size));
	});
}

/* Columns from left to right. null: they do not fit. */
function layoutAcross(graph, width) {
	const cols = columnsOf(graph), wide = cols.map((c) => Math.max(...c.map((n) => widthOf(graph, n))));
	const sum = wide.reduce((a, b) => a + b, 0), gaps = Math.max(1, cols.length - 1);
	const gap = Math.min(MOST_GAP * (cols.length < 4 ? 3 : 1), (width - 4 - sum) / gaps);
	if (gap < LEAST_GAP && width < 520)
		return null;
	const used = Math.max(gap, LEAST_GAP), total = sum + used * (cols.length - 1), at = new Map();
	const high = Math.max(...cols.map((c) => c.length)), height = Math.max(2, high) * ROW_H + 12;
	let x = Math.max(2, (width - total) / 2);
	cols.forEach((col, i) => {
		/* two columns of one level are shifted against each other, so that a line to the farther one stays visible */
		const shift = cols.length > 2 && col.length === high && high > 2 && i % 2 ? 10 : 0;
		col.forEach((n, k) => at.set(n, { x: x + wide[i] / 2, y: (height - shift) / 2 + (k - (col.length - 1) / 2) * ROW_H + shift,
			w: widthOf(graph, n), h: PLACE[graph.kind.get(n)].h }));
		x += wide[i] + used;
	});
	return { at, width: Math.max(width, total + 4), height };
}

/* Rows from top to bottom; a level that is too wide becomes several rows. */
function layoutDown(graph, width) {
	const rows = [], at = new Map();
	for (const level of graph.levels()) {
		let row = null, room = 0;
		for (const n of level) {
			const w = Math.min(widthOf(graph, n), width - 8);
			if (!row || room < w) {
				rows.push(row = []);
				room = width - 8;
			}
			row.push([n, w]);
			room -= w + 10;
		}
	}
	let y = 4;
	for (const row of rows) {
		const h = Math.max(...row.map(([n]) => PLACE[graph.kind.get(n)].h));
		let x = (width - row.reduce((sum, [, w]) => sum + w + 10, -10)) / 2;
		for (const [n, w] of row) {
			at.set(n, { x: x + w / 2, y: y + h / 2, w, h: PLACE[graph.kind.get(n)].h });
			x += w + 10;
		}
		y += h + 16;
	}
	return { at, width, height: y };
}

function drawPlace(graph, n, p) {
	const kind = graph.kind.get(n), g = svg("g", { "data-name": graph.label(n), class: "node is-" + kind + (n === "mallory" ? " attacker" : "") });
	const r = kind === "host" ? 8 : p.h / 2, letters = Math.floor((p.w - 8) / PLACE[kind].letter);
	g.append(svg("title", {}, graph.title(n)));
	if (n === "mallory") /* the attacker is told by a double line, too */
		g.append(svg("rect", { class: "outer", x: p.x - p.w / 2 - 3, y: p.y - p.h / 2 - 3, width: p.w + 6, height: p.h + 6, rx: r + 3 }));
	g.append(svg("rect", { x: p.x - p.w / 2, y: p.y - p.h / 2, width: p.w, height: p.h, rx: r }),
		svg("text", { x: p.x, y: p.y + (kind === "host" ? 4.5 : 3.8), "text-anchor": "middle" }, shorten(graph.label(n), letters)));
	return g;
}

function drawMap(model, width) {
	const graph = new Graph(model), place = layoutAcross(graph, width) || layoutDown(graph, width), edges = new Map(), nodes = new Map();
	const root = svg("svg", { viewBox: "0 0 " + place.width + " " + place.height, width: place.width, height: place.height, role: "img",
		"aria-label": "Map: " + model.hosts.join(", ") });
	for (const [key, [from, to]] of graph.edges) {
		const a = place.at.get(from), b = place.at.get(to);
		const line = svg("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y, class: "edge",
			"stroke-width": 1 + Math.min(3, Math.log2(graph.count.get(key)) / 2) });
		edges.set(key, line);
		root.append(line);
	}
	const flight = svg("g", { class: "flight" }), under = svg("g", { class: "under" });
	root.append(under);
	for (const [n, p] of place.at) {
		const g = drawPlace(graph, n, p);
		nodes.set(n, g);
		root.append(g);
	}
	root.append(flight);
	return { graph, root, place, edges, nodes, flight, under };
}

/* Where the line from a to b leaves the box of b. */
function border(a, b) {
	const dx = b.x - a.x, dy = b.y - a.y;
	const inside = Math.min(Math.abs((b.w / 2 + 5) / (dx || 1e-9)), Math.abs((b.h / 2 + 5) / (dy || 1e-9)));
	return { x: b.x - dx * Math.min(0.5, inside), y: b.y - dy * Math.min(0.5, inside), angle: Math.atan2(dy, dx) * 180 / Math.PI };
}

/* The message that is looked at: its two hosts, the way between them, and it itself on it. */
function showOnMap(map, row) {
	map.edges.forEach((e, key) => {
		const [a, b] = map.graph.edges.get(key);
		e.classList.remove("on");
		e.classList.toggle("unplugged", !!map.graph.moves.length && !map.graph.linked(a, b, row ? row.i : 0));
	});
	map.nodes.forEach((n) => n.classList.remove("on", "via"));
	map.flight.replaceChildren();
	map.under.replaceChildren();
	if (!row || row.type !== "message")
		return;
	const way = map.graph.route(row.i, row.from, row.to).filter((n) => map.place.at.has(n)), points = way.map((n) => map.place.at.get(n));
	way.forEach((n, k) => map.nodes.get(n).classList.add(k === 0 || k === way.length - 1 ? "on" : "via"));
	if (way.length < 2 || row.from === row.to)
		return;
	for (let k = 1; k < way.length; k++)
		map.edges.get(pairKey(way[k - 1], way[k])).classList.add("on");
	const tip = border(points[points.length - 2], points[points.length - 1]), cls = " sec" + row.secrecy;
	points[points.length - 1] = tip;
	map.under.append(svg("polyline", { points: points.map((p) => p.x + "," + p.y).join(" "), class: "way" + cls }));
	map.under.append(svg("path", { d: "M0 0L-12 -6L-12 6Z", transform: "translate(" + tip.x + " " + tip.y + ") rotate(" + tip.angle + ")",
		class: "head" + cls }));
	fly(map.flight, points, row.secrecy);
}

/* A dot with the sign of its secrecy goes the way once, and stays half-way. */
function fly(flight, points, secrecy) {
	const dot = svg("g", { class: "dot sec" + secrecy }), lengths = [0];
	dot.append(svg("circle", { r: 8 }), svg("text", { "text-anchor": "middle", y: 3.5 }, SECRECY[secrecy].sign));
	flight.append(dot);
	for (let k = 1; k < points.length; k++)
		lengths.push(lengths[k - 1] + Math.hypot(points[k].x - points[k - 1].x, points[k].y - points[k - 1].y));
	const all = lengths[lengths.length - 1] || 1, mid = Math.max(1, lengths.findIndex((l) => l >= all / 2));
	const a = border(points[mid], points[mid - 1]), b = mid === points.length - 1 ? points[mid] : border(points[mid - 1], points[mid]);
	dot.setAttribute("transform", "translate(" + (a.x + b.x) / 2 + " " + (a.y + b.y) / 2 + ")"); /* not over a name */
	if (!matchMedia("(prefers-reduced-motion: reduce)").matches && dot.animate)
		dot.animate(points.map((p, k) => ({ transform: "translate(" + p.x + "px," + p.y + "px)", offset: lengths[k] / all })),
			{ duration: 500 + Math.min(700, all), easing: "ease-in-out" });
}
