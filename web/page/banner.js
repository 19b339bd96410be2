// The banner at the top of the page. Its first line, the health of the group, is worded
// by package status, in banner.go; what stands below it is worded here.

const icon = colour => 'data:image/svg+xml,' + encodeURIComponent(
	'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="' + colour + '"/></svg>');

// looks are the four looks of the page: class, mark in the title, colour of the icon.
const looks = {
	good: ['good', '●', '#16a34a'],
	bad: ['bad', '▲', '#dc2626'],
	done: ['done', '■', '#64748b'],
	lost: ['lost', '○', '#d97706'],
};

// speak has a screen reader read a line that differs from the last one in more than
// its durations.
function speak(line) {
	const gist = line.replace(/\d[\d.]*[a-z]\w*/g, '');
	if ($('spoken').dataset.gist === gist) return;
	$('spoken').dataset.gist = gist;
	set($('spoken'), line);
}

function drawBanner() {
	const p = snapshot;
	const [className, mark, colour] = looks[problem ? 'lost' : p.healthy ? 'good' : p.done ? 'done' : 'bad'];
	$('state').className = 'card ' + className;
	const line = problem ? problem.line : p.health;
	set($('health'), line);
	speak(line);
	if (problem) show($('detail'), problem.detail);
	else counting($('detail'), (node, elapsed) => show(node, activity(p, elapsed)));
	show($('own'), problem && problem.self ? ownAccount(problem.self) : '');
	$('cause').hidden = !problem || !problem.cause;
	set($('cause').lastChild, problem && problem.cause || '');
	show($('known'), problem && p ? 'Last known, at ' + stamp(p.at) + ' UTC: ' + p.health : '');
	$('main').classList.toggle('stale', Boolean(problem));
	const title = mark + ' ' + name + ': ' + line;
	if (document.title !== title) document.title = title;
	if ($('icon').dataset.colour !== colour) {
		$('icon').dataset.colour = colour;
		$('icon').href = icon(colour);
	}
}

// activity says what the active instance does. Of one that is silent nobody can say for
// how long it has been active.
function activity(p, elapsed) {
	const active = (p.instances || []).find(i => i.role === 'active');
	if (!active) return '';
	if (active.silent) return 'It is not known whether ' + full(active) + ' still works';
	return full(active) + ' has been active in term ' + active.term + ' for ' + span(between(active.since, p.at) + elapsed);
}

// ownAccount says what the instance that serves this page knows about itself without
// the registry.
function ownAccount(self) {
	const lasting = typeof self.forSeconds === 'number';
	let text = 'This instance, ' + (self.instance ? short(self.instance) : 'which is not registered') + ', ' + (lasting ? 'has been ' : 'is ') + self.role;
	if (self.term) text += ' in term ' + self.term;
	if (lasting) text += ' for ' + span(self.forSeconds);
	if (typeof self.lastBeatAgeSeconds === 'number') text += '. Its last acknowledged beat was sent ' + span(self.lastBeatAgeSeconds) + ' ago';
	if (self.leaseSeconds > 0) text += '. Its lease ends in ' + span(self.leaseSeconds) + ' unless another beat is acknowledged, and its work ends before that';
	else if (self.leaseSeconds === 0) text += '. Its lease has ended';
	return text + '.';
}
