/* The ladder: rows of fixed heights, of which only those in sight are in the document. */

const HEIGHT = { message: 52, /* in a narrow ladder the text has two lines */ narrow: 68, heading: 46, decision: 26, check: 26, timer: 26, warning: 26, result: 32 };
const MARK = { decision: "\u25C6", timer: "\u25F7", warning: "!", result: "\u25A0", heading: "" };

class Ladder {
	constructor(model, box, lanes, onPick) {
		this.model = model;
		this.box = box;
		this.rows = box.firstElementChild;
		this.lanes = lanes;
		this.onPick = onPick;
		this.shown = new Map();
		this.picked = -1;
		box.addEventListener("scroll", () => this.draw(), { passive: true });
		box.addEventListener("click", (ev) => {
			const row = ev.target.closest(".row");
			if (row)
				onPick(Number(row.dataset.i));
		});
		this.resize();
	}

	heightOf(r) {
		return r.type === "message" && !this.wide ? HEIGHT.narrow : HEIGHT[r.type];
	}

	place() {
		let y = 0;
		this.tops = this.model.rows.map((r) => (y += this.heightOf(r)) - this.heightOf(r));
		this.rows.style.height = y + "px";
	}

	resize() {
		this.width = this.box.clientWidth || 600;
		this.gutter = this.width >= 520 ? 74 : 8;
		const n = Math.max(1, this.model.hosts.length), room = this.width - this.gutter - 8;
		this.lane = room / n;
		if (this.lane < 96) /* the last name is slanted beyond its lane */
			this.lane = (room - Math.min(64, 4 * this.model.hosts[n - 1].length)) / n;
		this.x = new Map(this.model.hosts.map((h, i) => [h, this.gutter + this.lane * (i + 0.5)]));
		this.wide = this.lane >= 96;
		this.place();
		this.drawLanes();
		this.shown.forEach((e) => e.remove());
		this.shown.clear();
		this.draw();
	}

	/* The names above the lanes. Where these are narrow the names stand slanted; where they would lie over each other, only
	 * the two that the message is between are there. */
	drawLanes() {
		this.names = new Map();
		const slanted = !this.wide, longest = Math.max(1, ...this.model.hosts.map((h) => Math.min(20, h.length)));
		const h = slanted ? Math.min(110, longest * 4.6 + 22) : 30;
		const root = svg("svg", { width: this.width, height: h });
		for (const [host, x] of this.x) {
			const t = svg("text", slanted ? { transform: "translate(" + (x + 3) + " " + (h - 8) + ") rotate(-40)" }
				: { x, y: 20, "text-anchor": "middle" }, shorten(host, slanted ? 20 : Math.floor(this.lane / 7.6)));
			t.append(svg("title", {}, host));
			this.names.set(host, t);
			root.append(t);
		}
		this.lanes.replaceChildren(root);
		this.showNames();
	}

	showNames() {
		const r = this.model.rows[this.picked], crowded = this.lane < 15;
		for (const [host, t] of this.names)
			t.classList.toggle("aside", crowded && !(r && r.type === "message" && (host === r.from || host === r.to)));
	}

	find(y) {
		let lo = 0, hi = this.tops.length;
		while (lo < hi) {
			const mid = (lo + hi) >> 1;
			if (this.tops[mid] <= y)
				lo = mid + 1;
			else
				hi = mid;
		}
		return Math.max(0, lo - 1);
	}

	draw() {
		if (!this.model.rows.length)
			return;
		const top = this.box.scrollTop, view = this.box.clientHeight || 400;
		const a = Math.max(0, this.find(top) - 6), b = Math.min(this.model.rows.length - 1, this.find(top + view) + 6);
		this.shown.forEach((e, i) => {
			if (i < a || i > b) {
				e.remove();
				this.shown.delete(i);
			}
		});
		for (let i = a; i <= b; i++)
			if (!this.shown.has(i)) {
				const e = this.row(i);
				e.style.top = this.tops[i] + "px";
				this.shown.set(i, e);
				this.rows.append(e);
			}
	}

	row(i) {
		const r = this.model.rows[i], e = el("div", "row " + r.type + (i === this.picked ? " picked" : ""));
		e.id = "row-" + i;
		e.dataset.i = i;
		for (const [k, v] of [["role", "option"], ["aria-selected", String(i === this.picked)], ["aria-posinset", i + 1],
			["aria-setsize", this.model.rows.length]])
			e.setAttribute(k, v);
		e.style.height = this.heightOf(r) + "px";
		if (r.type === "message")
			this.message(e, r);
		else
			this.line(e, r);
		return e;
	}

	line(e, r) {
		const sign = r.type === "check" ? r.verdict.sign : MARK[r.type];
		if (r.type !== "heading")
			e.append(this.lifelines(HEIGHT[r.type]));
		const text = el("span", "line" + (r.type === "check" ? " verdict-" + r.verdict.name.replace(" ", "-") : "") +
			(r.type === "result" ? (r.ok ? " good" : " bad") : ""));
		const left = r.type === "heading" ? 8 : this.gutter;
		text.style.left = left + "px";
		text.style.maxWidth = this.width - left - 8 + "px";
		if (sign)
			text.append(el("span", "sign", sign + " "));
		text.append(r.type === "check" ? r.text + " \u2014 " + r.verdict.name : r.text);
		text.title = r.text;
		e.append(text);
	}

	lifelines(h) {
		const root = svg("svg", { width: this.width, height: h, "aria-hidden": "true" });
		for (const x of this.x.values())
			root.append(svg("line", { x1: x, x2: x, y1: 0, y2: h, class: "life" }));
		return root;
	}

	message(e, r) {
		const h = this.heightOf(r), root = this.lifelines(h), x1 = this.x.get(r.from), x2 = this.x.get(r.to);
		root.append(arrow(x1, x2, h - 14, r.secrecy));
		e.append(root);
		e.setAttribute("aria-label", messageName(r, this.model));
		if (this.gutter > 20)
			e.append(el("span", "time", timeText(r.time)));
		const label = el("span", "label"), plate = el("span", "plate");
		if (r.secrecy)
			plate.append(badge(r.secrecy), " ");
		if (!this.wide)
			plate.append(el("span", "ends", r.from + " \u2192 " + r.to), el("br"));
		plate.append(labelText(r));
		label.append(plate);
		label.title = r.text;
		this.placeLabel(label, Math.min(x1, x2), Math.max(x1, x2));
		e.append(label);
	}

	/* Over the arrow, as wide as it may be without leaving the ladder. */
	placeLabel(label, left, right) {
		if (!this.wide) {
			label.style.left = this.gutter + "px";
			label.style.width = this.width - this.gutter - 8 + "px";
			return;
		}
		const want = Math.min(this.width - this.gutter - 8, Math.max(right - left, 420));
		let x = (left + right - want) / 2;
		x = Math.max(this.gutter, Math.min(x, this.width - 8 - want));
		label.style.left = x + "px";
		label.style.width = want + "px";
	}

	pick(i, quietly) {
		for (const [k, on] of [[this.picked, false], [i, true]]) {
			const e = this.shown.get(k);
			if (e) {
				e.classList.toggle("picked", on);
				e.setAttribute("aria-selected", String(on));
			}
		}
		this.picked = i;
		this.showNames();
		const top = this.tops[i], h = this.heightOf(this.model.rows[i]), box = this.box;
		if (!quietly && (top < box.scrollTop + 8 || top + h > box.scrollTop + box.clientHeight - 8))
			box.scrollTop = Math.max(0, top - box.clientHeight / 3);
		this.draw();
		const e = this.shown.get(i);
		if (e) {
			e.classList.add("picked");
			e.setAttribute("aria-selected", "true");
		}
		box.setAttribute("aria-activedescendant", "row-" + i);
	}
}

/* The protocol stands before the label, unless the label begins with it. */
function labelText(r) {
	return !r.proto || r.text.startsWith(r.proto) ? r.text : r.proto + " " + r.text;
}

function messageName(r, model) {
	return "Message " + (r.n + 1) + " of " + model.messages.length + ": " + r.from + " to " + r.to + ", " +
		(r.proto ? r.proto + ", " : "") + r.text + (r.secrecy ? ", " + SECRECY[r.secrecy].name : "");
}

/* Shape tells secrecy: a plain line is readable, dashes are encrypted, a wave is tampered. */
function arrow(x1, x2, y, secrecy) {
	const g = svg("g", { class: "arrow sec" + secrecy }), dir = x2 >= x1 ? 1 : -1, tip = x2 - dir;
	if (x1 === x2) {
		g.append(svg("path", { d: "M" + x1 + " " + (y - 8) + "h26v12h-17", class: "shaft" }),
			svg("path", { d: "M" + (x1 + 1) + " " + (y + 4) + "l9 -5v10z", class: "tip" }));
		return g;
	}
	if (secrecy === 3) {
		let d = "M" + x1 + " " + y, x = x1;
		for (let up = -1; Math.abs(tip - x) > 20; x += dir * 8, up = -up)
			d += "q" + dir * 4 + " " + up * 6 + " " + dir * 8 + " 0";
		g.append(svg("path", { d: d + "L" + (tip - dir * 9) + " " + y, class: "shaft" }));
	} else {
		g.append(svg("line", { x1, x2: tip - dir * 9, y1: y, y2: y, class: "shaft" }));
	}
	g.append(svg("circle", { cx: x1, cy: y, r: 3, class: "tail" }),
		svg("path", { d: "M" + tip + " " + y + "l" + -dir * 11 + " -5.5v11z", class: "tip" }));
	return g;
}
