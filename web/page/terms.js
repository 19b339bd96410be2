// The timeline and the table of terms.

// open reports whether a term goes on. One that has no end and is not the latest is
// over: its end was not recorded.
const open = (p, t) => !t.to && t.term === p.term;

// silence returns for how long the holder was silent at the end of its term.
const silence = (p, t, elapsed) => t.silenceSeconds ? t.silenceSeconds + (open(p, t) ? elapsed : 0) : 0;

// why says why a term is over, or that it is not.
const why = (p, t, elapsed) => open(p, t) ? (t.silenceSeconds ? 'silent for ' + span(silence(p, t, elapsed)) : 'goes on') : (t.reason || 'unknown') + (t.reason === 'work done' ? ', exit code ' + (t.exitCode || 0) : '');

// lengthOf returns the length of a term, which is only an upper bound if nobody knows
// when its work ended (unknown). bound returns an upper bound of the gap after such a
// term, if there is one.
const lengthOf = (p, t, elapsed) => t.lengthSeconds + (open(p, t) ? elapsed : 0);
const unknown = (p, t) => t.term < p.term && typeof t.gapSeconds !== 'number';
const bound = t => typeof t.gapAtMostSeconds === 'number' ? t.gapAtMostSeconds : undefined;
const lasted = (p, t, elapsed) => (unknown(p, t) ? '≤ ' : '') + brief(lengthOf(p, t, elapsed));

// drawStrip draws the terms and the gaps between them side by side. Their widths are in
// proportion to their lengths, with a minimum so that each can be seen. The silence at
// the end of a term is drawn as a gap, since nobody knows whether the holder worked.
function drawStrip(p, terms) {
	const parts = [];
	for (const [n, t] of terms.toReversed().entries()) {
		parts.push({ key: t.term, term: t });
		if (n < terms.length - 1) parts.push({ key: 'after ' + t.term, after: t });
		else if (t.to) parts.push({ key: 'now', since: t });
		else if (t.silenceSeconds) parts.push({ key: 'silent', silent: t });
	}
	keyed($('strip'), parts, part => part.key, () => element('li', '', element('span'), element('small')), (node, part) => {
		const [number, host] = node.children;
		const grow = s => { node.style.flexGrow = Math.max(1, s * 1000); };
		if (part.term) {
			const t = part.term;
			node.className = t.reason === 'not ready' ? 'term idle' : 'term';
			paint(node, t);
			set(number, String(t.term));
			set(host, full(t));
			counting(node, (node, elapsed) => {
				grow(lengthOf(p, t, elapsed) - silence(p, t, elapsed));
				node.title = 'term ' + t.term + '\n' + t.host + ', ' + t.instance + '\n' + lasted(p, t, elapsed) + ' from ' + stamp(t.from) + ' UTC\n' + why(p, t, elapsed);
			});
		} else if (part.silent) {
			const t = part.silent;
			node.className = 'gap now';
			counting(node, (node, elapsed) => {
				const s = silence(p, t, elapsed);
				grow(s);
				node.title = full(t) + ' has been silent for ' + span(s);
			});
		} else if (part.since) {
			const t = part.since;
			node.className = 'gap now';
			counting(node, (node, elapsed) => {
				const s = between(t.to, p.at) + elapsed;
				grow(s);
				node.title = 'nobody was active for ' + span(s) + ', since ' + stamp(t.to) + ' UTC';
			});
		} else {
			const s = part.after.gapSeconds;
			const known = !unknown(p, part.after), most = bound(part.after);
			node.className = known ? s < 0.1 ? 'gap brief' : 'gap' : 'gap unsure';
			paint(node, part.after);
			grow(known ? s : most || 0);
			node.title = known ? 'nobody was active for ' + brief(s)
				: most !== undefined ? 'nobody was active for at most ' + brief(most) + ', counted from the last beat in term ' + part.after.term
				: 'it is not known when the work of term ' + part.after.term + ' ended';
		}
	});
	const oldest = terms[terms.length - 1];
	set($('oldest'), oldest ? stamp(oldest.from) : '');
	set($('newest'), 'now');
}

function drawTerms(p) {
	const terms = (p.terms || []).slice(0, shown.terms);
	const section = $('terms');
	section.hidden = false;
	$('timeline').hidden = !terms.length;
	drawStrip(p, terms);
	drawTable(section, terms, t => t.term, () => row(
		cell('first', ''),
		cell('name', '', element('span', 'swatch'), element('span')),
		cell('number right', ''),
		cell('', 'from'),
		cell('', 'to'),
		cell('reason', ''),
		cell('number', 'gap'),
		cell('', '', element('code')),
	), (node, t) => {
		const [number, host, length, from, to, reason, gap, id] = node.children;
		set(number, String(t.term));
		paint(host.firstChild, t);
		set(host.lastChild, called(t.host), t.host);
		counting(length, (node, elapsed) => set(node, lasted(p, t, elapsed)));
		set(from, stamp(t.from), local(t.from));
		set(to, t.to ? stamp(t.to) : '', local(t.to));
		counting(reason, (node, elapsed) => set(node, why(p, t, elapsed), why(p, t, elapsed)));
		set(gap, bound(t) !== undefined ? '≤ ' + brief(bound(t)) : unknown(p, t) ? 'unknown' : t.term < p.term ? brief(t.gapSeconds) : '');
		set(id.firstChild, short(t.instance), t.instance);
	});
}
