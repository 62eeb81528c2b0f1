/* On paper nothing can be clicked: the whole ladder is drawn, and below it every message with its fields. */

const PAPER_MESSAGES = 150, PAPER_ROWS = 3000, PAPER_WIDTH = 660;

function paperLadder(model, ladder) {
	const box = el("section", "paper-ladder"), saved = ladder.width;
	ladder.box = { clientWidth: PAPER_WIDTH, clientHeight: 0, scrollTop: 0 };
	const lanes = ladder.lanes, rows = ladder.rows, shown = ladder.shown;
	ladder.lanes = el("div", "paper-lanes");
	ladder.rows = el("div");
	ladder.shown = new Map();
	ladder.resize();
	box.append(el("h2", "", "What happens, in order"), ladder.lanes);
	model.rows.slice(0, PAPER_ROWS).forEach((r, i) => {
		const row = ladder.row(i);
		row.removeAttribute("id");
		box.append(row);
	});
	Object.assign(ladder, { box: $("ladder"), lanes, rows, shown, width: saved });
	return box;
}

function paperMessage(detail, r) {
	const box = el("section", "paper-step"), why = detail.story(beginOfStep(detail.model, r.i), r.i);
	box.append(el("h3", "", (r.n + 1) + ". " + r.text));
	const ends = el("p", "ends", r.from + (r.fromAddr ? " (" + r.fromAddr + ")" : "") + " \u2192 " + r.to +
		(r.toAddr ? " (" + r.toAddr + ")" : "") + " \u00B7 " + timeText(r.time) + " \u00B7 " + r.len + " bytes ");
	if (r.secrecy)
		ends.append(badge(r.secrecy));
	box.append(ends, ...why, ...r.explains.map((t) => el("p", "explain", t)));
	if (r.hex) {
		const hex = el("div", "hex"), len = Math.min(256, r.hex.length / 2), owner = fieldOfByte(r.fields, r.hex.length / 2);
		for (let at = 0; at < len; at += 16)
			hex.append(hexLine(r.hex, at, Math.min(at + 16, len), owner, new Map(), r.fields));
		box.append(hex);
		if (len < r.hex.length / 2)
			box.append(el("p", "ref", "the first " + len + " of " + r.hex.length / 2 + " bytes"));
	}
	const list = el("ul", "paper-fields");
	r.fields.forEach((f) => list.append(el("li", "", f.layer + ": " + f.name + " = " + f.value +
		(f.len ? " (bytes " + f.off + "\u2013" + (f.off + f.len - 1) + ")" : ""))));
	box.append(list);
	return box;
}

function toPaper(model, ladder, detail) {
	const paper = $("paper");
	paper.replaceChildren(paperLadder(model, ladder), el("h2", "", "The messages"));
	model.messages.slice(0, PAPER_MESSAGES).forEach((r) => paper.append(paperMessage(detail, r)));
	if (model.messages.length > PAPER_MESSAGES)
		paper.append(el("p", "", "The first " + PAPER_MESSAGES + " of " + model.messages.length + " messages are printed one by one."));
}
