// The list of jobs, and the page of one job.

const asked = { filter: '', page: 0 }; // which jobs the user wants to see

// questionOf returns the query of what is shown.
const questionOf = () => new URLSearchParams(route.view === 'job' ? { job: route.job } : { filter: asked.filter, page: asked.page });

async function readJobs(signal) {
	return { list: await readJSON('page/jobs?' + questionOf(), signal), ...await readTimeline(signal) };
}

// drawNow says what goes on: what is being processed, and what waits.
function drawNow(node, job) {
	const running = job.runs.filter(r => r.status === 'processing');
	keyed(node, [...running.slice(0, 3), ...(job.waiting ? [{ waits: job }] : [])], r => r.run || 'waits', () => element('span', 'fact'), (part, r) => {
		if (r.waits) {
			ticking(() => set(part, job.waiting + ' waiting' + (job.oldestDue ? ', due ' + ago(job.oldestDue, now()) : ''), exact(job.oldestDue)));
			return;
		}
		const link = drawLink(part, toRun(job.job, r.run));
		ticking(() => set(link, 'processing ' + span(took({ ...r, seconds: 0 }, now())) + (typeof r.percent === 'number' ? ', ' + r.percent + ' %' : '') + (r.attempt > 1 ? ', attempt ' + r.attempt : '')));
	});
}

// drawNext says when the next run is due, or why there is none.
function drawNext(node, job) {
	const p = job.paused;
	if (p) {
		const text = 'paused' + (p.by ? ' by ' + p.by : '') + (p.why ? ': ' + p.why : '');
		ticking(() => set(node, text + (p.at ? ', ' + ago(p.at, now()) : ''), text + (p.at ? '\nsince ' + exact(p.at) : '')));
	} else if (job.gone) set(node, 'not in the jobs file any more', '');
	else if (job.next) ticking(() => set(node, ago(job.next, now()).replace(/^(.*) ago$/, 'due for $1'), exact(job.next)));
	else set(node, job.schedule ? '–' : 'only when asked for', '');
	node.classList.toggle('warn', Boolean(p));
	const cell = node.closest('td');
	if (cell && job.next && !p && !job.gone) cell.dataset.label = 'next';
	else if (cell) delete cell.dataset.label;
}

// drawLast says how the last run that has ended did.
function drawLast(node, job) {
	const last = job.runs.find(r => ended(r.status));
	if (!node.firstChild) node.append(element('a'), element('span', 'note'));
	const [link, note] = node.children;
	if (!last) {
		set(link, '');
		set(note, job.partial ? 'not read yet' : 'none yet');
		return;
	}
	outcome(link, last.status);
	link.href = toRun(job.job, last.run);
	const n = streak(job.runs);
	ticking(() => set(note, (last.seconds ? brief(last.seconds) + ', ' : '') + ago(last.from || last.at, now()) + (n > 1 ? ', ' + n + (n >= 20 ? '+' : '') + ' in a row' : ''), exact(last.from || last.at)));
}

// drawJobButtons draws what somebody with the token can ask for.
function drawJobButtons(node, job) {
	const path = jobPath(job.job);
	const run = ['Run now', async () => {
		const payload = await dialog({ title: 'Run ' + job.job + ' now?', text: 'It is run once, beside its schedule.', label: 'Payload, if it takes one', ok: 'Run', room: 10000 });
		if (payload !== null) await act('POST', path + '/runs', 'A run of ' + job.job + ' was asked for.', payload);
	}];
	const resume = ['Resume', () => act('POST', path + '/resume', job.job + ' goes on.')];
	const pause = ['Pause', () => actWithReason({
		title: 'Pause ' + job.job + '?', text: 'No slot of its schedule is run until somebody resumes it. It can still be run by hand.', ok: 'Pause',
	}, path + '/pause', job.job + ' is paused.')];
	const list = !hasToken ? [] : [...(job.gone ? [] : [run]), ...(job.paused ? [resume] : job.gone ? [] : [pause])];
	drawButtons(node, list, job.job);
}

function drawJobs({ list }) {
	const section = $('jobs');
	const many = list.total > 8 || asked.filter;
	$('filter').hidden = !many;
	set($('jobs-count'), list.matching < list.total ? list.matching + ' of ' + list.total : '');
	set(section.querySelector('.none'), list.jobs.length ? '' : list.total ? 'No job has this in its name or description.' : 'No active instance of this group has had a jobs file yet: understudy run --jobs FILE.');
	drawTable(section, list.jobs, j => j.job, () => row(
		cell('first', '', element('a'), element('span', 'note')),
		cell('bars-cell', '', element('span', 'bars')),
		cell('last', 'last'),
		cell('now', ''),
		cell('next', '', element('span', 'clamp')),
		cell('schedule', '', element('code'), element('span', 'note')),
		cell('asks', ''),
	), (node, job) => {
		const [name, bars, last, present, next, schedule, buttons] = node.children;
		node.className = job.gone ? 'gone' : job.paused ? 'paused' : '';
		name.firstChild.href = toJob(job.job);
		set(name.firstChild, job.job);
		set(name.lastChild, job.description || '', job.description || '');
		drawBars(bars.firstChild, job);
		drawLast(last, job);
		drawNow(present, job);
		drawNext(next.firstChild, job);
		set(schedule.firstChild, job.schedule || '', job.schedule || '');
		set(schedule.lastChild, job.timezone && job.timezone !== 'UTC' ? job.timezone : '');
		drawJobButtons(buttons, job);
	});
	$('pager').hidden = list.pages < 2;
	const [back, where, on] = $('pager').children;
	set(where, 'page ' + (list.page + 1) + ' of ' + list.pages);
	back.disabled = list.page === 0;
	on.disabled = list.page >= list.pages - 1;
	asked.page = list.page;
	drawLegend($('legend'));
	$('legend').hidden = !list.jobs.length;
	if (list.unread) note('Some records of jobs cannot be understood, and are missing here. The command understudy jobs says which.');
}

// drawFacts draws a list of names and values. A value is a text, or a function that draws
// its node.
function drawFacts(node, facts) {
	keyed(node, facts.filter(([, value]) => value), ([name]) => name, () => element('div', '', element('dt'), element('dd')), (part, [name, value]) => {
		set(part.firstChild, name);
		if (typeof value === 'function') value(part.lastChild);
		else set(part.lastChild, value);
	});
}

function drawJob({ list }) {
	const section = $('job'), job = list.jobs[0];
	set($('job-title'), job.job);
	drawJobButtons(section.querySelector('.asks'), job);
	drawFacts(section.querySelector('dl'), [
		['Description', job.description],
		['Schedule', job.schedule && job.schedule + (job.timezone ? ', ' + job.timezone : '')],
		['Next run', node => drawNext(node, job)],
		['Last outcome', node => drawLast(node, job)],
		['Now', (job.waiting || job.runs.some(r => r.status === 'processing')) && (node => drawNow(node, job))],
		['Last 20 runs', job.runs.length && (node => {
			if (!node.firstChild) node.append(element('span', 'bars'));
			drawBars(node.firstChild, job);
		})],
	]);
	drawTable(section, job.runs, r => r.run, () => row(
		cell('first', '', element('span')),
		cell('name', '', element('a')),
		cell('number right', ''),
		cell('', 'begun'),
		cell('', ''),
		cell('number', 'attempts'),
		cell('number', 'term'),
	), (node, r) => {
		const [status, id, length, from, by, attempts, term] = node.children;
		outcome(status.firstChild, r.status);
		id.firstChild.href = toRun(job.job, r.run);
		set(id.firstChild, r.run, r.run);
		ticking(() => set(length, r.from ? brief(took(r, now())) : ''));
		set(from, r.from ? stamp(r.from) : '', r.from ? local(r.from) : '');
		set(by, askedBy(r.trigger));
		set(attempts, r.attempt ? String(r.attempt) : '');
		set(term, r.term ? String(r.term) : '');
	});
}

const askedBy = trigger => ({ schedule: 'schedule', trigger: 'a person', then: 'another run' })[trigger] || trigger || '';
