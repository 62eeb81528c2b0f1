/* Measured points as a picture: fields of the layer "curve" are named "SERIES, N bits", their value is a time. */

const UNITS = { ns: 1e-9, "\u00B5s": 1e-6, ms: 1e-3, s: 1, seconds: 1, minutes: 60, hours: 3600, days: 86400, years: 31557600 };
const CHART = { width: 620, height: 300, left: 76, right: 14, top: 14, bottom: 40 };

/* { series, bits, seconds }; null: the field is no point of a curve. */
function curvePoint(f) {
	const name = /^(.+), (\d+) bits$/.exec(f.name), value = /^([\d.]+)\s?(\S+)$/.exec(f.value);
	if (f.layer !== "curve" || !name || !value || !UNITS[value[2]])
		return null;
	return { series: name[1], bits: Number(name[2]), seconds: Number(value[1]) * UNITS[value[2]], text: f.value };
}

/* A mark a series: shapes, so that it is not colour that tells them apart. */
function curveMark(k, x, y, title) {
	const d = ["M-4 -4L4 4M-4 4L4 -4", "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0", "M0 -5L5 4L-5 4Z", "M-4 -4H4V4H-4Z"][k % 4];
	const m = svg("path", { d, class: "mark series" + (k % 4), transform: "translate(" + x + " " + y + ")" });
	if (title)
		m.append(svg("title", {}, title));
	return m;
}

function drawChart(points) {
	const series = [...new Set(points.map((p) => p.series))], bits = points.map((p) => p.bits);
	const logs = points.map((p) => Math.log10(p.seconds)), c = CHART;
	const low = Math.floor(Math.min(...logs)), high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
	const b0 = Math.min(...bits), b1 = Math.max(b0 + 1, ...bits);
	const x = (b) => c.left + (b - b0) / (b1 - b0) * (c.width - c.left - c.right);
	const y = (s) => c.top + (high - Math.log10(s)) / (high - low) * (c.height - c.top - c.bottom);
	const root = svg("svg", { viewBox: "0 0 " + c.width + " " + c.height, role: "img", "aria-label": "bits against time, measured" });
	for (let e = low; e <= high; e++) {
		const unit = ["s", "ms", "\u00B5s", "ns"].find((u) => Math.pow(10, e) >= UNITS[u] * 0.999) || "ns";
		root.append(svg("line", { x1: c.left, x2: c.width - c.right, y1: y(Math.pow(10, e)), y2: y(Math.pow(10, e)), class: "grid" }),
			svg("text", { x: c.left - 8, y: y(Math.pow(10, e)) + 4, "text-anchor": "end" }, Math.round(Math.pow(10, e) / UNITS[unit]) + " " + unit));
	}
	for (const b of [...new Set(bits)].sort((p, q) => p - q).filter((b, i, all) => all.length < 9 || i % 2 === 0))
		root.append(svg("text", { x: x(b), y: c.height - c.bottom + 18, "text-anchor": "middle" }, b));
	root.append(svg("text", { x: (c.left + c.width) / 2, y: c.height - 4, "text-anchor": "middle" }, "bits of the group"));
	series.forEach((name, k) => {
		const own = points.filter((p) => p.series === name).sort((p, q) => p.bits - q.bits);
		root.append(svg("polyline", { points: own.map((p) => x(p.bits) + "," + y(p.seconds)).join(" "), class: "curve-line series" + (k % 4) }));
		own.forEach((p) => root.append(curveMark(k, x(p.bits), y(p.seconds), name + ", " + p.bits + " bits: " + p.text)));
	});
	const legend = el("p", "chart-legend");
	series.forEach((name, k) => {
		const item = el("span", "item"), pic = svg("svg", { width: 16, height: 14, "aria-hidden": "true" });
		pic.append(curveMark(k, 8, 7));
		item.append(pic, name);
		legend.append(item);
	});
	return [root, legend];
}
