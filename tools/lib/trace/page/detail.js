/* The step that is looked at: why, what it means, what was kept then, its bytes and its fields. */

const HEX_FIRST = 2048, CHANGED = "Changed on the way"; /* the layer of fields that are not as they were sent */
const narrow = matchMedia("(max-width: 520px)"); /* half as many octets a line */

class Detail {
	constructor(model) {
		this.model = model;
		for (const box of [$("hex"), $("fields")]) {
			box.addEventListener("mouseover", (ev) => this.point(ev.target));
			box.addEventListener("focusin", (ev) => this.point(ev.target));
			box.addEventListener("mouseleave", () => this.light(-1));
			box.addEventListener("focusout", () => this.light(-1));
		}
	}

	show(i) {
		const row = this.model.rows[i], begin = beginOfStep(this.model, i), end = endOfStep(this.model, i);
		const message = row.type === "message";
		this.row = row;
		this.owner = new Int32Array(0);
		$("detail-kind").replaceChildren(...this.kind(row));
		$("detail-title").textContent = row.text || row.type;
		$("detail-ends").replaceChildren(...(message ? this.ends(row) : []));
		fill("why", message ? this.story(begin, i) : []);
		fill("meaning", this.paragraphs(row));
		fill("followed", message ? this.story(i + 1, end + 1) : []);
		fill("state", this.tables(i, end));
		this.bytes(row);
		this.fieldList(row);
		$("detail").scrollTop = 0;
	}

	kind(row) {
		const out = [el("span", "step", row.type === "message" ? "Message " + (row.n + 1) + " of " + this.model.messages.length
			: row.type[0].toUpperCase() + row.type.slice(1))];
		out.push(" \u00B7 " + timeText(row.time));
		if (row.packet)
			out.push(" \u00B7 packet #" + row.packet);
		if (row.proto)
			out.push(" ", el("span", "proto", row.proto));
		if (row.secrecy)
			out.push(" ", badge(row.secrecy));
		return out;
	}

	ends(row) {
		const host = (name, lane, addr) => {
			const e = el("span", "host", name);
			if (lane !== name)
				e.append(el("span", "lane", " (" + lane + ")"));
			if (addr)
				e.append(el("span", "addr", addr));
			return e;
		};
		const out = [host(row.fromName, row.from, row.fromAddr), el("span", "to", " \u2192 "), host(row.toName, row.to, row.toAddr)];
		if (row.secrecy)
			out.push(el("span", "secrecy-long", "To a listener on the path: " + SECRECY[row.secrecy].long + "."));
		return out;
	}

	/* Decisions, checks and what teaches, from row a up to (not with) row b. */
	story(a, b) {
		const out = [];
		for (let i = a; i < b; i++) {
			const r = this.model.rows[i];
			if (r.type === "message")
				continue;
			const p = el("p", "event " + r.type);
			const sign = r.type === "check" ? r.verdict.sign : MARK[r.type];
			if (sign)
				p.append(el("span", "sign" + (r.type === "check" ? " verdict-" + r.verdict.name.replace(" ", "-") : ""), sign + " "));
			p.append(r.text);
			if (r.type === "check")
				p.append(el("span", "seen", " \u2014 " + r.verdict.name + (r.seen ? ": " + r.seen : "")));
			if (r.ref)
				p.append(" ", el("span", "ref", r.ref));
			out.push(p);
			r.explains.forEach((t) => out.push(el("p", "explain", t)));
		}
		return out;
	}

	paragraphs(row) {
		const out = [];
		if (row.type === "check")
			out.push(el("p", "", row.verdict.sign + " " + row.verdict.name + (row.seen ? ": " + row.seen : "")));
		if (row.ref)
			out.push(el("p", "ref", row.ref));
		return out.concat(row.explains.map((t) => el("p", "explain", t)));
	}

	tables(begin, end) {
		const out = [];
		for (const { table, actor, entries } of stateAt(this.model, begin, end)) {
			if (!entries.size)
				continue;
			const t = el("table"), body = el("tbody"), caption = el("caption", "", table);
			if (actor)
				caption.append(el("span", "actor", " \u00B7 " + actor));
			t.append(caption, body);
			const list = [...entries].reverse().sort((a, b) => b[1].changed - a[1].changed);
			for (const [key, s] of list) {
				const tr = el("tr", s.changed ? (s.value === null ? "gone" : "changed") : "");
				const td = el("td");
				if (s.changed && s.before !== null)
					td.append(el("del", "", s.before), " ");
				td.append(s.value === null ? "gone" : s.value);
				if (s.changed)
					td.append(el("span", "new", s.value === null ? "removed" : s.before === null ? "new" : "changed"));
				if (s.changed && s.reason)
					td.append(el("span", "reason", s.reason));
				tr.append(el("th", "", key, { scope: "row" }), td);
				body.append(tr);
			}
			out.push(t);
		}
		return out;
	}

	/* --- bytes and fields ---------------------------------------------------------------------------------------- */

	bytes(row, all) {
		const box = $("hex"), len = row.hex ? row.hex.length / 2 : 0;
		$("bytes").hidden = row.type !== "message";
		box.replaceChildren();
		$("bytes-note").textContent = row.type !== "message" ? "" : len ? len + " bytes" +
			(row.fields.some((f) => f.len) ? "; point at a field or a byte, and its other half lights up." : ".")
			: row.len + " bytes, not kept here.";
		if (!len)
			return;
		this.owner = fieldOfByte(row.fields, len);
		const upTo = all ? len : Math.min(len, HEX_FIRST), tone = tones(row.fields, this.owner);
		const each = narrow.matches ? 8 : 16;
		for (let at = 0; at < upTo; at += each)
			box.append(hexLine(row.hex, at, Math.min(at + each, upTo), this.owner, tone, row.fields));
		if (upTo < len) {
			const more = el("button", "more", "Show all " + len + " bytes", { type: "button" });
			more.addEventListener("click", () => this.bytes(row, true));
			box.append(more);
		}
	}

	fieldList(row) {
		const box = $("fields").querySelector("div"), tone = tones(row.fields, this.owner);
		let layer = null, list = null;
		box.replaceChildren();
		$("fields").hidden = !row.fields.length;
		row.fields.forEach((f, i) => {
			if (f.layer !== layer) {
				layer = f.layer;
				box.append(el("h4", isChanged(f) ? "tampered" : "", (isChanged(f) ? SECRECY[3].sign + " " : "") + layer));
				list = el("ul");
				box.append(list);
			}
			list.append(fieldItem(f, i, tone));
		});
	}

	point(target) {
		const f = target.closest(".field"), b = target.closest(".byte");
		this.light(f ? Number(f.dataset.f) : b ? this.owner[Number(b.dataset.i)] : -1, b);
	}

	/* Marks a field and its bytes. From a byte the field is brought into sight within its list. */
	light(i, fromByte) {
		document.querySelectorAll(".lit").forEach((e) => e.classList.remove("lit"));
		const f = i >= 0 && this.row.fields[i];
		if (!f)
			return;
		const item = $("fields").querySelector('[data-f="' + i + '"]');
		item.classList.add("lit");
		if (f.len)
			$("hex").querySelectorAll(".byte").forEach((e) => {
				const at = Number(e.dataset.i);
				if (at >= f.off && at < f.off + f.len)
					e.classList.add("lit");
			});
		const say = $("bytes-note");
		if (fromByte)
			say.textContent = f.layer + ": " + f.name + " = " + f.value;
	}
}

/* Neighbouring fields get different tones, so that it is seen where one ends. */
function tones(fields, owner) {
	const tone = new Map();
	let n = 0;
	for (const i of owner)
		if (i >= 0 && !tone.has(i))
			tone.set(i, n++ % 6);
	return tone;
}

function isChanged(f) {
	return f.layer === CHANGED;
}

function hexLine(hex, from, to, owner, tone, fields) {
	const line = el("div", "hexline"), bytes = el("span", "octets"), chars = el("span", "chars");
	line.append(el("span", "offset", from.toString(16).padStart(4, "0")), bytes, chars);
	for (let i = from; i < to; i++) {
		const octet = hex.substr(2 * i, 2), code = parseInt(octet, 16);
		const cls = "byte" + (owner[i] >= 0 ? " tone" + tone.get(owner[i]) + (isChanged(fields[owner[i]]) ? " tampered" : "") : "");
		bytes.append(el("span", cls, octet, { "data-i": i }));
		chars.append(el("span", cls, code > 32 && code < 127 ? String.fromCharCode(code) : code === 32 ? "\u00A0" : "\u00B7",
			{ "data-i": i }));
	}
	return line;
}

function fieldItem(f, i, tone) {
	const item = el("li", "field" + (isChanged(f) ? " tampered" : "") + " depth" + Math.min(4, f.depth) + (tone.has(i) ? " tone" + tone.get(i) : ""), "",
		{ "data-f": i, tabindex: "0" });
	item.append(el("span", "swatch", "", { "aria-hidden": "true" }), el("b", "", f.name), " ", el("span", "value", f.value));
	if (f.ref)
		item.append(el("span", "ref", f.ref));
	if (f.len)
		item.append(el("span", "place", f.len === 1 ? "byte " + f.off : "bytes " + f.off + "\u2013" + (f.off + f.len - 1)));
	if (f.meaning)
		item.append(el("span", "meaning", f.meaning));
	return item;
}

function fill(id, nodes) {
	const box = $(id);
	box.hidden = !nodes.length;
	box.querySelector("div").replaceChildren(...nodes);
}
