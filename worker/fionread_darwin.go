package worker

// fionread is the ioctl that says how much is in a pipe: _IOR('f', 127, int).
const fionread = 0x4004667f
