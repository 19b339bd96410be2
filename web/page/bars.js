// Runs in short: their outcomes, their addresses, and the bars of a job's latest runs.

// marks tell outcomes apart without colours.
const marks = {
	completed: '', failed: '×', 'timed out': '!', exited: '?', skipped: '·', cancelled: '–', processing: '▸', waiting: '…',
};
const looksOf = status => Object.hasOwn(marks, status) ? status.replace(' ', '-') : 'unknown';
const ended = status => status !== 'waiting' && status !== 'processing';

// The paths of a job and of a run are those of the API, and after a # those of this page.
const jobPath = job => 'jobs/' + encodeURIComponent(job);
const runPath = (job, run) => 'runs/' + encodeURIComponent(job) + '/' + encodeURIComponent(run);
const toJob = job => '#' + jobPath(job);
const toRun = (job, run) => '#' + runPath(job, run);

// now is the time by the registry's clock, in milliseconds.
const now = () => snapshot ? new Date(snapshot.at).getTime() + elapsed * 1000 : Date.now();

// took returns for how many seconds a run has been worked on.
const took = (r, at) => (r.seconds || 0) + (r.status === 'processing' && r.from ? Math.max(0, (at - new Date(r.from)) / 1000) : 0);

// outcome draws the status of a run in a node, with its mark.
function outcome(node, status, text) {
	const name = 'outcome ' + looksOf(status);
	if (node.className !== name) node.className = name;
	set(node, (marks[status] ? marks[status] + ' ' : '') + (text || status));
}

// drawBars draws the latest runs of a job, the last one at the right.
function drawBars(node, job) {
	const runs = job.runs.toReversed();
	keyed(node, runs, r => r.run, () => {
		const bar = element('a', '', element('i'), element('b'));
		bar.tabIndex = -1; // the page of the job has the same runs in a table
		return bar;
	}, (bar, r) => {
		bar.className = 'bar ' + looksOf(r.status);
		bar.href = toRun(job.job, r.run);
		set(bar.lastChild, marks[r.status] || '');
	});
	ticking(() => {
		const at = now();
		const longest = Math.max(0.001, ...runs.map(r => took(r, at)));
		for (const [n, r] of runs.entries()) {
			const bar = node.children[n];
			const length = r.status === 'waiting' || r.status === 'skipped' ? '0.15' : (0.15 + 0.85 * took(r, at) / longest).toFixed(2);
			if (bar.dataset.length !== length) {
				bar.dataset.length = length;
				bar.style.setProperty('--length', length);
			}
			const title = r.status + (r.from ? '\n' + brief(took(r, at)) + ' from ' + stamp(r.from) + ' UTC, term ' + r.term : '\n' + stamp(r.due || r.at) + ' UTC') + (r.attempt > 1 ? '\nattempt ' + r.attempt : '') + '\n' + r.run;
			if (bar.title !== title) bar.title = title;
		}
	});
	const counts = {};
	for (const r of runs) counts[r.status] = (counts[r.status] || 0) + 1;
	const label = runs.length ? 'Last ' + runs.length + ' runs: ' + Object.entries(counts).map(([status, n]) => n + ' ' + status).join(', ') : 'No run yet';
	node.setAttribute('role', 'img');
	node.setAttribute('aria-label', label);
}

// streak says how many of the latest runs ended as the last one did.
function streak(runs) {
	const over = runs.filter(r => ended(r.status));
	const n = over.findIndex(r => r.status !== over[0].status);
	return n < 0 ? over.length : n;
}

// drawLegend explains the bars once.
function drawLegend(node) {
	node.hidden = false;
	if (node.childElementCount) return;
	for (const status of Object.keys(marks)) {
		const sign = element('span', 'bar ' + looksOf(status), element('i'), element('b', '', marks[status]));
		node.append(element('span', 'key', sign, status), ' ');
	}
}
