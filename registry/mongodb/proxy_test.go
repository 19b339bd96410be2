package mongodb_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry/mongodb"
)

// proxy stands between a driver and a server. It records the commands, and it can lose
// an answer or hold a command back.
type proxy struct {
	listener net.Listener
	server   string
	conns    sync.WaitGroup
	mu       sync.Mutex
	lose     []byte
	hold     []byte // a command that is neither passed on nor answered; empty for all
	holding  bool
	commands []bson.Raw // the commands that came
	open     map[net.Conn]bool
}

func startProxy(t testing.TB, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server, open: map[net.Conn]bool{}}
	p.conns.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.conns.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// loseAnswerTo closes the connection instead of passing on the answer to the next such
// command.
func (p *proxy) loseAnswerTo(command string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = []byte(command + "\x00")
}

// holdBack lets such commands, or all if none is named, wait for ever, on connections
// that stay open.
func (p *proxy) holdBack(command string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding, p.hold = true, nil
	if command != "" {
		p.hold = []byte(command + "\x00")
	}
}

// goOn ends holdBack for the commands that come from now on.
func (p *proxy) goOn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = false
}

func (p *proxy) holds(question []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holding && bytes.Contains(question, p.hold)
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		p.conns.Go(func() { p.serve(client, server) })
	}
}

// serve passes on one command and its answers at a time. An answer with the flag
// moreToCome is followed by another one.
func (p *proxy) serve(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	for {
		question, err := message(client)
		if err != nil {
			return
		}
		p.record(question)
		if p.holds(question) {
			_, _ = io.Copy(io.Discard, client)
			return
		}
		if _, err := server.Write(question); err != nil {
			return
		}
		for {
			answer, err := message(server)
			if err != nil || p.loses(question) {
				return
			}
			if _, err := client.Write(answer); err != nil {
				return
			}
			const moreToCome = 2
			if binary.LittleEndian.Uint32(answer[12:]) != opMsg || binary.LittleEndian.Uint32(answer[16:])&moreToCome == 0 {
				break
			}
		}
	}
}

// loses reports whether the answer to a command is to be lost. The server has carried
// out the command by then.
func (p *proxy) loses(question []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lose == nil || !bytes.Contains(question, p.lose) {
		return false
	}
	p.lose = nil
	return true
}

const opMsg = 2013

// record keeps the body of a command, which is the first section of the message.
func (p *proxy) record(question []byte) {
	if binary.LittleEndian.Uint32(question[12:]) != opMsg || question[20] != 0 {
		return
	}
	body := question[21:]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commands = append(p.commands, bson.Raw(body[:binary.LittleEndian.Uint32(body)]))
}

// recorded returns the commands that came since the last call.
func (p *proxy) recorded() []bson.Raw {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer func() { p.commands = nil }()
	return p.commands
}

func message(r io.Reader) ([]byte, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	body := make([]byte, int(binary.LittleEndian.Uint32(head))-len(head))
	_, err := io.ReadFull(r, body)
	return append(head, body...), err
}

// named counts the commands that have one of the names.
func named(commands []bson.Raw, names ...string) (n int) {
	for _, command := range commands {
		for _, name := range names {
			if command.Index(0).Key() == name {
				n++
			}
		}
	}
	return n
}

// tailed counts the cursors that were opened on the collections of the bell.
func tailed(commands []bson.Raw) (n int) {
	for _, command := range commands {
		if on, ok := command.Lookup("find").StringValueOK(); ok && strings.HasPrefix(on, "bell") {
			n++
		}
	}
	return n
}

// throughProxy opens a registry through a proxy to the first server of the URI.
func throughProxy(t *testing.T, uri string) (*proxy, *mongodb.Registry) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	server, _, _ := strings.Cut(u.Host, ",")
	p := startProxy(t, server)
	return p, open(t, "mongodb://"+p.addr()+u.Path+"?directConnection=true")
}
