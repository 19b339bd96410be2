// The views of the page, each with an address of its own after the #, and how they get
// their data: only the one that is looked at is read, every two seconds.

const views = {
	group: { sections: ['group-view'], read: readCount, draw: () => {}, every: 60000 },
	jobs: { sections: ['jobs', 'lanes'], read: readJobs, draw: data => { drawJobs(data); drawTimeline(data); }, every: 2000 },
	job: { sections: ['job', 'lanes'], read: readJobs, draw: data => { drawJob(data); drawTimeline(data); }, every: 2000 },
	run: { sections: ['run'], read: readRun, draw: drawRun, every: 2000 },
};
let route = { view: 'group' };
let data;          // what the view shows; undefined until it has been read
let ticks = [];    // functions that draw what changes with time
let flight, timer; // the read under way, and the next one

// ticking draws something now, and then again and again.
function ticking(draw) {
	ticks.push(draw);
	draw();
}

// routeOf returns what an address means.
function routeOf(hash) {
	try {
		const [first, ...rest] = hash.replace(/^#/, '').split('/').map(decodeURIComponent);
		if (first === 'jobs' && !rest.length) return { view: 'jobs' };
		if (first === 'jobs' && rest.length === 1) return { view: 'job', job: rest[0] };
		if (first === 'runs' && rest.length === 2) return { view: 'run', job: rest[0], run: rest[1] };
	} catch {
		// not an address of this page
	}
	return { view: 'group' };
}

// readJSON reads what everybody may see.
async function readJSON(path, signal) {
	const response = await fetch(path, { signal });
	const body = await response.json().catch(() => ({}));
	if (!response.ok) throw new Error(body.problem || 'This instance answers with ' + response.status + '.');
	return body;
}

// readCount finds out whether there are jobs at all.
async function readCount(signal) {
	if (!problem && snapshot) drawCount((await readJSON('page/jobs/count', signal)).jobs);
	return {};
}

function drawCount(n) {
	set($('job-count'), n ? String(n) : '');
	$('views').hidden = !n && route.view === 'group';
}

// enter shows the view that the address names.
function enter() {
	route = routeOf(location.hash);
	data = undefined;
	shownRun = undefined;
	leaveOutput();
	say('');
	note('');
	for (const id of new Set(Object.values(views).flatMap(v => v.sections))) $(id).hidden = id !== 'group-view' || route.view !== 'group';
	for (const [id, here] of [['to-group', route.view === 'group'], ['to-jobs', route.view !== 'group']]) {
		if (here) $(id).setAttribute('aria-current', 'page');
		else $(id).removeAttribute('aria-current');
	}
	if (route.view !== 'group') $('views').hidden = false;
	poll();
}

// poll reads what the view shows, now and then again.
async function poll() {
	clearTimeout(timer);
	if (flight) flight.abort();
	if (document.hidden) return; // nobody looks
	const view = views[route.view], own = flight = new AbortController();
	const late = setTimeout(() => own.abort(), 8000);
	let wait = view.every;
	try {
		const read = await view.read(own.signal);
		if (own !== flight) return;
		data = read;
		note('');
		if (route.view === 'jobs') drawCount(read.list.total);
		drawView();
	} catch (error) {
		if (own !== flight) return;
		if (route.view === 'group') wait = 10000;
		else note(error.name === 'AbortError' || error.name === 'TypeError' ? 'This instance does not answer.' : error.message, true);
	} finally {
		clearTimeout(late);
		if (own === flight) timer = setTimeout(poll, wait);
	}
}

// soon reads again when an answer that others share is not older than a change.
function soon() {
	clearTimeout(timer);
	timer = setTimeout(poll, route.view === 'run' ? 300 : 2100);
}

// note says why what is shown is incomplete, or out of date.
function note(text, old) {
	show($('trouble'), text);
	$('main').classList.toggle('old', Boolean(old));
}

function drawView() {
	if (!data) return;
	ticks = [];
	for (const id of views[route.view].sections) $(id).hidden = false;
	views[route.view].draw(data);
}

$('filter').oninput = () => {
	asked.filter = $('filter').value;
	asked.page = 0;
	clearTimeout(timer);
	timer = setTimeout(poll, 250);
};
$('pager').firstElementChild.onclick = () => { asked.page--; poll(); };
$('pager').lastElementChild.onclick = () => { asked.page++; poll(); };
onhashchange = enter;
document.onvisibilitychange = () => {
	if (document.hidden) pauseOutput();
	else poll();
};
setInterval(() => {
	if (!document.hidden && !problem) for (const draw of ticks) draw();
}, 500);
