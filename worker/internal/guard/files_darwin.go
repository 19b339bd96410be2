package guard

const receiveFlags = 0
