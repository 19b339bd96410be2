// Values as text.

// span shows a number of seconds as status.Seconds does in the rest of the program.
function span(s) {
	s = Math.max(0, s);
	const whole = (n, each, big, small) => Math.floor(n / each) + big + two(n % each) + small;
	if (s < 9.95) return s.toFixed(1) + 's';
	if (s < 59.5) return Math.round(s) + 's';
	if (s < 3599.5) return whole(Math.round(s), 60, 'm', 's');
	if (s < 86370) return whole(Math.round(s / 60), 60, 'h', 'm');
	return whole(Math.round(s / 3600), 24, 'd', 'h');
}

// brief shows a number of seconds that may be less than a tenth of one.
const brief = s => s <= 0 || s >= 0.0995 ? span(s) : s < 0.0005 ? '<1ms' : Math.round(s * 1000) + 'ms';

const two = n => String(n).padStart(2, '0');

// stamp shows an instant in UTC: the time of day, and before it the date if that is not
// the date of the snapshot.
function stamp(text) {
	const at = new Date(text);
	if (!(at.getTime() > 0)) return '–';
	const [day, time] = at.toISOString().slice(0, 19).split('T');
	return snapshot && day === String(snapshot.at).slice(0, 10) ? time : day + ' ' + time;
}

// local shows an instant in the time zone of the user.
function local(text) {
	const at = new Date(text);
	return at.getTime() > 0 ? at.toLocaleString() : '';
}

// between returns the seconds from one instant to another.
const between = (from, to) => (new Date(to) - new Date(from)) / 1000;
// short returns the end of a UUID, which tells an instance from its peers.
const short = id => String(id || '').slice(-6);

// numbered shortens the version of a build from a commit without a release.
function numbered(version) {
	const parts = /^(v\d+\.\d+\.\d+)-(?:[\w.]+[.-])?\d{14}-([0-9a-f]{7})[0-9a-f]{5}((?:\+\w+)?)$/.exec(version);
	return parts ? parts[1] + '-' + parts[2] + parts[3] : version;
}

// exact shows an instant in UTC, and below it in the time zone of the user.
const exact = text => stamp(text) + ' UTC\n' + local(text);

// ago shows how long before now an instant was, or how long after now it will be.
function ago(text, now) {
	const s = (now - new Date(text)) / 1000;
	return s < 0 ? 'in ' + span(-s) : span(s) + ' ago';
}

// visible shows what cannot be seen, or changes how other text is seen, as an escape. It
// keeps the ends of lines and tabs.
const visible = text => String(text).replaceAll('\r\n', '\n').replace(hidden, c => {
	const n = c.codePointAt(0);
	return n < 0x100 ? '\\x' + n.toString(16).padStart(2, '0') : n < 0x10000 ? '\\u' + n.toString(16).padStart(4, '0') : '\\U' + n.toString(16).padStart(8, '0');
}).replace(/(\p{M}{2})\p{M}+/gu, '$1…');
const hidden = /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;

// bytes shows a number of bytes.
const bytes = n => n < 1000 ? n + ' B' : n < 999_500 ? (n / 1000).toFixed(n < 9950 ? 1 : 0) + ' kB' : n < 999.5e6 ? (n / 1e6).toFixed(n < 9.95e6 ? 1 : 0) + ' MB' : (n / 1e9).toFixed(1) + ' GB';
