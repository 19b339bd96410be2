// What needs the token of the API: it is asked for once, and kept for this tab.

const hasToken = 'token' in document.body.dataset; // the instance has one
const tokenKey = 'understudy-token';
let token = recall();

function recall() {
	try {
		return sessionStorage.getItem(tokenKey) || '';
	} catch {
		return ''; // the browser keeps nothing: the token is kept until the page is left
	}
}

function remember(text) {
	token = text;
	try {
		if (text) sessionStorage.setItem(tokenKey, text);
		else sessionStorage.removeItem(tokenKey);
	} catch {
		// as above
	}
}

// dialog asks the user for a line of text. It returns null if the user goes back.
function dialog({ title, text, label, ok, secret, room = 200 }) {
	const box = $('dialog'), input = box.querySelector('input'), [back, forward] = box.querySelectorAll('button');
	if (box.open) return Promise.resolve(null);
	set($('dialog-title'), title);
	show($('dialog-text'), text || '');
	set(box.querySelector('label span'), label);
	set(forward, ok);
	input.type = secret ? 'password' : 'text';
	input.maxLength = room;
	input.value = '';
	return new Promise(resolve => {
		const finish = answer => {
			input.value = '';
			box.close();
			resolve(answer);
		};
		box.querySelector('form').onsubmit = event => {
			event.preventDefault();
			finish(input.value.trim());
		};
		back.onclick = () => finish(null);
		box.onclose = () => { // by the Escape key; the event of an earlier dialog may come while this one is open
			if (!box.open) finish(null);
		};
		box.showModal();
		input.focus();
	});
}

// askToken asks for the token unless it is there. It returns whether it is there then.
async function askToken(refused) {
	if (token) return true;
	const text = await dialog({
		title: 'Token of the API', label: 'Token', ok: 'Go on', secret: true, room: 1024,
		text: (refused ? 'This token was refused. ' : '') + 'It is in the file that UNDERSTUDY_API_TOKEN_FILE names. This tab keeps it until it is closed.',
	});
	if (text === null) return false;
	if (/^[!-~]{1,1024}$/.test(text)) {
		remember(text);
		return true;
	}
	return askToken(true);
}

// withToken sends a request with the token.
const withToken = (method, path, signal, body) => fetch(path, { method, signal, body: body || undefined, headers: { Authorization: 'Bearer ' + token } });

// refusal returns the error that stands for an answer of the API other than the one that was
// asked for.
async function refusal(response) {
	const body = await response.json().catch(() => ({}));
	return new Error(visible(body.detail || body.title || 'This instance answers with ' + response.status));
}

// actWithReason asks the user for a reason, and then the API for something.
async function actWithReason(question, path, done) {
	const why = await dialog({ label: 'Why (others see it)', ...question });
	if (why !== null) await act('POST', path + (why ? '?' + new URLSearchParams({ why }) : ''), done);
}

// act asks the API for something, and says what came of it.
async function act(method, path, done, payload) {
	for (let refused = false; await askToken(refused); refused = true) {
		let response, body;
		try {
			response = await withToken(method, path, AbortSignal.timeout(15000), payload);
			body = await response.json().catch(() => ({}));
		} catch {
			say('This instance did not answer. It is not known whether it was done.', true);
			return;
		}
		if (response.status === 401) {
			remember('');
			continue;
		}
		if (response.ok) {
			say(done, false, payload !== undefined && typeof body.run === 'string' && body);
			soon();
		} else say(visible(body.title || 'This instance answers with ' + response.status) + (body.detail ? ': ' + visible(body.detail) : ''), true);
		return;
	}
}

// say shows what came of a request until the next one, or until another view is shown.
function say(text, bad, run) {
	const line = $('answer');
	line.hidden = !text;
	line.classList.toggle('bad', Boolean(bad));
	set(line.firstElementChild, text || '');
	const link = line.querySelector('a');
	link.hidden = !run;
	if (run) {
		link.href = toRun(run.job, run.run);
		set(link, 'Show it');
	}
}

// drawButtons draws buttons. While one of them is at work it is disabled.
function drawButtons(node, list, about) {
	keyed(node, list, ([name]) => name, () => element('button', 'act'), (button, [name, ask]) => {
		button.type = 'button';
		set(button, name);
		button.setAttribute('aria-label', name + ': ' + about);
		button.onclick = async () => {
			button.disabled = true;
			try {
				await ask();
			} finally {
				button.disabled = false;
			}
		};
	});
}
