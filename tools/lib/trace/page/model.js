"use strict";
/* From the events to what is shown: hosts, rows of the ladder, and what was kept at any moment. */

const SEND = 0, RECV = 1, FIELD = 2, STATE = 3, DECISION = 4, CHECK = 5, TIMER = 6, NOTE = 7, RESULT = 8;
const SECRECY = [
	{ name: "", sign: "", long: "" },
	{ name: "readable", sign: "\u25CB", long: "anybody on the path can read it" },
	{ name: "encrypted", sign: "\u25CF", long: "a listener sees that something is sent, and how much, but not what" },
	{ name: "tampered", sign: "\u25C6", long: "anybody can read it, and what arrives is not what was sent" },
];
const VERDICT = [{ name: "yes", sign: "\u2713" }, { name: "no", sign: "\u2717" }, { name: "not asked", sign: "\u2013" }];

/* A row of the ladder. type: message, heading, decision, check, timer, warning, result. */
function newRow(type, time, text) {
	return { type, time, text, explains: [], states: [], fields: [] };
}

function readMessage(e, S) {
	const row = newRow("message", e[1], S(e[6]));
	return Object.assign(row, {
		from: S(e[3]) || "?", to: S(e[4]) || "?", proto: S(e[5]), packet: e[7], secrecy: SECRECY[e[8]] ? e[8] : 0,
		fromAddr: S(e[9]), toAddr: S(e[10]), len: e[11], hex: typeof e[12] === "string" ? e[12] : null, recv: e[0] === RECV,
	});
}

function readField(e, S) {
	return { layer: S(e[1]), name: S(e[2]), value: S(e[3]), meaning: S(e[4]), ref: S(e[5]), off: e[6], len: e[7], depth: e[8] };
}

function readState(e, S) {
	return { time: e[1], actor: S(e[2]), table: S(e[3]), key: S(e[4]), before: e[5] ? S(e[5]) : null,
		after: e[6] ? S(e[6]) : null, reason: S(e[7]) };
}

function readOther(e, S) {
	let row = null;
	if (e[0] === DECISION)
		row = Object.assign(newRow("decision", e[1], S(e[5])), { id: S(e[3]), ref: S(e[4]) });
	else if (e[0] === CHECK)
		row = Object.assign(newRow("check", e[1], S(e[4])), { id: S(e[3]), verdict: VERDICT[e[5]] || VERDICT[2], seen: S(e[6]),
			ref: S(e[7]) });
	else if (e[0] === TIMER)
		row = newRow("timer", e[1], S(e[4]) || S(e[3]));
	else if (e[0] === RESULT)
		row = Object.assign(newRow("result", e[1], S(e[4])), { ok: S(e[3]) === "ok" });
	else if (e[0] === NOTE)
		row = newRow(e[3] === 1 ? "heading" : "warning", e[1], S(e[4]));
	if (row)
		row.actor = S(e[2]);
	return row;
}

/* The receipt of what was sent already is no message of its own. */
function alreadySent(open, row) {
	const key = [row.from, row.to, row.len, row.hex].join("\n"), sent = open.get(key) || 0;
	open.set(key, row.recv ? Math.max(0, sent - 1) : sent + 1);
	return row.recv && sent > 0;
}

function ipOf(addr) {
	const v6 = /^\[([^\]]+)\]/.exec(addr);
	return v6 ? v6[1] : addr.includes(":") && addr.indexOf(":") === addr.lastIndexOf(":") ? addr.split(":")[0] : addr;
}

/* A program calls a server by its name in DNS, the packets by its name in the lab. A name that stands in no packet is
 * the host that alone has its address in packets. Whoever has two addresses of a family (a NAT, an attacker who answers
 * for others) is never taken for another. */
function sameHosts(messages) {
	const ips = new Map(), wired = new Set(), owners = new Map(), alias = new Map();
	for (const m of messages)
		for (const [host, addr] of [[m.from, m.fromAddr], [m.to, m.toAddr]]) {
			if (m.packet)
				wired.add(host);
			if (!ips.has(host))
				ips.set(host, new Set());
			if (addr)
				ips.get(host).add(ipOf(addr));
		}
	for (const [host, all] of ips) {
		const v6 = [...all].filter((ip) => ip.includes(":")).length;
		if (wired.has(host) && (v6 > 1 || all.size - v6 > 1))
			all.forEach((ip) => owners.set(ip, null));
		else if (wired.has(host))
			all.forEach((ip) => owners.set(ip, owners.has(ip) ? null : host));
	}
	for (const [host, all] of ips)
		if (!wired.has(host) && all.size === 1 && owners.get([...all][0]))
			alias.set(host, owners.get([...all][0]));
	return alias;
}

/* The lab: hosts with their links (networks are nodes named "net:NAME") and addresses. null: the trace is of none. */
function readLab(lab) {
	if (!lab)
		return null;
	const out = { hosts: new Map(), nets: new Map(lab.lans.map(([name, title]) => ["net:" + name, title])), owner: new Map() };
	for (const [name, title, forwards, links, addrs] of lab.hosts) {
		out.hosts.set(name, { title, forwards: !!forwards, addrs, links: links.map(([to, lan]) => lan ? "net:" + to : to) });
		for (const a of addrs)
			out.owner.set(a, out.owner.has(a) ? null : name);
	}
	return out;
}

/* What a program calls by another name is the lab's host that has its address. */
function labName(lab, name, addr) {
	return !lab || lab.hosts.has(name) || !addr ? name : lab.owner.get(ipOf(addr)) || name;
}

function readTrace(data) {
	const S = (i) => (i > 0 && data.strings[i - 1]) || "";
	const model = { title: data.title, start: data.start, leftOut: data.left_out, rows: [], hosts: [], messages: [], curve: [],
		lab: readLab(data.lab), packet: data.packet || 0 };
	const open = new Map();
	let last = null, message = null;
	const push = (row) => {
		row.i = model.rows.length;
		model.rows.push(row);
		last = row;
	};
	const attach = () => {
		if (!last)
			push(newRow("heading", 0, "Before the first step"));
		return last;
	};
	for (const e of data.events) {
		if (e[0] === FIELD) {
			const field = readField(e, S), point = curvePoint(field);
			if (point)
				model.curve.push(point);
			else if (message)
				message.fields.push(field);
		} else if (e[0] === STATE) {
			attach().states.push(readState(e, S));
		} else if (e[0] === NOTE && e[3] === 0) {
			attach().explains.push(S(e[4]));
		} else if (e[0] === SEND || e[0] === RECV) {
			const row = readMessage(e, S);
			message = null;
			if (alreadySent(open, row))
				continue;
			message = row;
			row.n = model.messages.length;
			model.messages.push(row);
			push(row);
		} else {
			const row = readOther(e, S);
			if (row)
				push(row);
		}
	}
	for (const m of model.messages)
		Object.assign(m, { fromName: m.from, toName: m.to, from: labName(model.lab, m.from, m.fromAddr),
			to: labName(model.lab, m.to, m.toAddr) });
	const alias = sameHosts(model.messages);
	for (const m of model.messages)
		Object.assign(m, { from: alias.get(m.from) || m.from, to: alias.get(m.to) || m.to });
	model.hosts = [...new Set(model.messages.flatMap((m) => [m.from, m.to]))];
	model.stops = model.messages.length ? model.messages : model.rows;
	return model;
}

/* The last row that belongs to the step at row i: what followed it, up to the next message or heading. */
function endOfStep(model, i) {
	let end = i;
	if (model.rows[i].type === "message")
		while (end + 1 < model.rows.length && !/^(message|heading)$/.test(model.rows[end + 1].type))
			end++;
	return end;
}

/* The rows that led to the step at row i: back to the message before it, at most to the heading. */
function beginOfStep(model, i) {
	let begin = i;
	while (begin > 0 && model.rows[begin - 1].type !== "message") {
		begin--;
		if (model.rows[begin].type === "heading" && !(begin > 0 && model.rows[begin - 1].type === "heading"))
			break;
	}
	return begin;
}

/* What was kept when row end was over: { table, actor, entries }, entries by key. What one host keeps is not another's.
 * changed: by rows from begin on; what is said again without a change is not. */
function stateAt(model, begin, end) {
	const tables = new Map();
	for (let i = 0; i <= end && i < model.rows.length; i++)
		for (const s of model.rows[i].states) {
			const id = s.table + "\n" + s.actor;
			if (!tables.has(id))
				tables.set(id, { table: s.table, actor: s.actor, entries: new Map() });
			const entries = tables.get(id).entries, old = entries.get(s.key);
			const same = old && !old.changed && old.value === s.after, changed = i >= begin && !same;
			if (s.after === null && !changed)
				entries.delete(s.key);
			else
				entries.set(s.key, { value: s.after, before: s.before, reason: s.reason, changed });
		}
	return [...tables.values()];
}

/* The networks that hosts were carried to: { i, host, net } in order. */
function movesOf(model) {
	return model.rows.flatMap((r) => r.states.filter((s) => s.table === "network" && s.after !== null && model.lab &&
		model.lab.hosts.has(s.key) && model.lab.nets.has("net:" + s.after)).map((s) => ({ i: r.i, host: s.key, net: "net:" + s.after })));
}

/* Which field an octet belongs to: the smallest that covers it; -1: none. */
function fieldOfByte(fields, len) {
	const owner = new Int32Array(len).fill(-1);
	const order = fields.map((f, i) => i).filter((i) => fields[i].len > 0).sort((a, b) => fields[b].len - fields[a].len || a - b);
	for (const i of order)
		owner.fill(i, Math.min(fields[i].off, len), Math.min(fields[i].off + fields[i].len, len));
	return owner;
}

function timeText(ns) {
	const ms = ns / 1e6;
	return Math.abs(ms) < 999.95 ? ms.toFixed(1) + " ms" : (ms / 1000).toFixed(2) + " s";
}

/* --- elements: text is only ever a text node ---------------------------------------------------------------------- */

const $ = (id) => document.getElementById(id);

function el(tag, cls, text, attrs) {
	const e = document.createElement(tag);
	if (cls)
		e.className = cls;
	if (text !== undefined && text !== null)
		e.textContent = text;
	for (const a in attrs || {})
		e.setAttribute(a, attrs[a]);
	return e;
}

function svg(tag, attrs, text) {
	const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const a in attrs || {})
		e.setAttribute(a, attrs[a]);
	if (text !== undefined)
		e.textContent = text;
	return e;
}

function badge(secrecy) {
	const s = SECRECY[secrecy];
	const b = el("span", "badge sec" + secrecy, "", { title: s.long });
	b.append(el("span", "sign", s.sign + " ", { "aria-hidden": "true" }), s.name);
	return b;
}
