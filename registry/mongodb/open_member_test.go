package mongodb_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry/finding"
	"github.com/understudy-go/understudy/registry/mongodb"
)

func TestOpen_NamesAMemberThatOnlyTheSetKnows(t *testing.T) {
	t.Parallel()
	const inner = "db.inner.invalid:27017"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerHello(c, bson.D{
				{Key: "ok", Value: 1}, {Key: "isWritablePrimary", Value: true}, {Key: "ismaster", Value: true}, {Key: "setName", Value: "inside"}, {Key: "setVersion", Value: 1},
				{Key: "hosts", Value: bson.A{inner}}, {Key: "me", Value: inner}, {Key: "primary", Value: inner},
				{Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: 17}, {Key: "maxBsonObjectSize", Value: 16 << 20},
				{Key: "maxMessageSizeBytes", Value: 48000000}, {Key: "maxWriteBatchSize", Value: 100000},
			})
		}
	}()
	uri := "mongodb://" + l.Addr().String() + "/?replicaSet=inside"
	err = refused(t, uri, l.Addr().String())
	f := checked(t, uri)["reachable"]
	for _, text := range []string{"the replica set itself calls a member " + inner, "directConnection=true"} {
		if !strings.Contains(err.Error(), text) || !strings.Contains(f.Detail, text) {
			t.Errorf("Open: %v\ncheck: %s\nwant %q", err, f.Detail, text)
		}
	}
	if !errors.Is(err, mongodb.ErrUnreachable) || f.Mark != finding.MarkError {
		t.Errorf("%v, %+v: want ErrUnreachable", err, f)
	}
}

// answerHello answers every command with the same document.
func answerHello(c net.Conn, doc bson.D) {
	defer c.Close()
	answer, err := bson.Marshal(doc)
	if err != nil {
		return
	}
	const opReply, opQuery, opMsg = 1, 2004, 2013
	for {
		var header [16]byte
		if _, err := io.ReadFull(c, header[:]); err != nil {
			return
		}
		length, id, op := binary.LittleEndian.Uint32(header[0:]), binary.LittleEndian.Uint32(header[4:]), binary.LittleEndian.Uint32(header[12:])
		if _, err := io.CopyN(io.Discard, c, int64(length)-16); err != nil {
			return
		}
		body := make([]byte, 20) // the header of opReply: flags, cursor, first document, number of documents
		binary.LittleEndian.PutUint32(body[16:], 1)
		reply := uint32(opReply)
		if op == opMsg {
			body, reply = make([]byte, 5), opMsg
		}
		body = append(body, answer...)
		var out []byte
		for _, n := range []uint32{uint32(16 + len(body)), 1, id, reply} {
			out = binary.LittleEndian.AppendUint32(out, n)
		}
		if _, err := c.Write(append(out, body...)); err != nil {
			return
		}
	}
}
