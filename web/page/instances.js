// The table of instances.

const shown = { terms: 20, instances: 200, alike: 5 }; // at most
let unfolded = false; // whether the user wants to see all passive instances that are alike

// choose picks the instances to show. Of a large group it takes the active one, silent
// ones and the instance that serves this page first. Of passive ones that are alike it
// takes a few, unless the user has unfolded the others.
function choose(p) {
	let all = p.instances || [];
	if (all.length > shown.instances) {
		const rank = i => i.role === 'active' ? 0 : i.silent || i.instance === p.self.instance ? 1 : 2;
		all = all.toSorted((a, b) => rank(a) - rank(b)).slice(0, shown.instances);
	}
	const kind = i => i.role === 'active' || i.silent || i.holdingOff || i.instance === p.self.instance ? '' : (i.priority || 0) + ' ' + i.version;
	const counts = {};
	for (const i of all) counts[kind(i)] = (counts[kind(i)] || 0) + 1;
	const met = {};
	const folds = i => kind(i) && counts[kind(i)] > shown.alike + 1 && (met[kind(i)] = (met[kind(i)] || 0) + 1) > shown.alike;
	const plain = all.filter(i => !folds(i));
	const more = (p.instances || []).length - plain.length;
	return { list: unfolded ? all : plain, more: plain.length < all.length ? more : 0 };
}

// drawFold draws the row that stands for the instances that are folded.
function drawFold(body, more) {
	const had = body.querySelector('.fold');
	if (!more) {
		if (had) had.remove();
		return;
	}
	const fold = had || row(cell('', '', element('button')));
	if (!had) {
		fold.className = 'fold';
		fold.firstChild.colSpan = 8;
		fold.querySelector('button').type = 'button';
		fold.querySelector('button').onclick = () => {
			unfolded = !unfolded;
			redraw();
		};
	}
	const button = fold.querySelector('button');
	set(button, unfolded ? 'show fewer' : '… and ' + more + ' more passive ones');
	button.setAttribute('aria-expanded', String(unfolded));
	if (body.lastElementChild !== fold) body.append(fold);
}

function drawInstances(p) {
	const { list, more } = choose(p);
	const section = $('instances');
	section.hidden = false;
	const all = (p.instances || []).length;
	set($('count'), all > list.length && (unfolded || !more) ? all + ', ' + list.length + ' of them shown' : String(all || ''));
	drawTable(section, list, i => i.instance, () => row(
		cell('first', '', element('span', 'role')),
		cell('name', ''),
		cell('number', 'term'),
		cell('number age right', ''),
		cell('', 'since', element('span'), element('span', 'note')),
		cell('number', 'pid'),
		cell('version', ''),
		cell('notes', '', element('code'), element('span', 'note')),
	), (node, i) => {
		const [role, host, term, age, since, pid, version, id] = node.children;
		node.className = (i.role === 'active' ? 'active' : 'passive') + (i.silent ? ' silent' : '');
		set(role.firstChild, i.role + (i.silent && i.role === 'active' ? ', silent' : ''), i.holdingOff ? 'holding off: it leaves the next terms to its peers for a while' : '');
		set(host, called(i.host), i.host);
		set(term, i.term ? String(i.term) : '');
		counting(age, (node, elapsed) => {
			const left = (i.orphanInSeconds || 0) - elapsed;
			const beat = i.heartbeatAheadSeconds ? 'ahead by ' + span(i.heartbeatAheadSeconds) : span(i.beatAgeSeconds + elapsed) + ' ago';
			set(node, beat + (!i.silent ? '' : left > 0 ? ', orphan in ' + span(left) : ', orphan'));
		});
		set(since.firstChild, stamp(i.since), local(i.since));
		if (i.since) counting(since.lastChild, (node, elapsed) => set(node, span(between(i.since, p.at) + elapsed)));
		set(pid, String(i.pid));
		set(version, numbered(i.version), i.version);
		set(id.firstChild, short(i.instance), i.instance);
		const notes = [];
		if (p.self && i.instance === p.self.instance) notes.push('this page');
		if (i.holdingOff) notes.push('holding off');
		if (i.steppingDown) notes.push('stepping down');
		if (i.priority) notes.push('priority ' + i.priority);
		set(id.lastChild, notes.join(', '));
	});
	drawFold(section.querySelector('tbody'), more);
}
