package mongofields

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/understudy-go/understudy/registry"
)

func TestText_OfAnyBytesIsATextOrNone(t *testing.T) {
	long := strings.Repeat("x", registry.MaxText+1)
	text := func(s string) []byte {
		n := len(s) + 1
		return append([]byte{byte(n), byte(n >> 8), 0, 0}, s+"\x00"...)
	}
	for _, tt := range []struct {
		name  string
		value []byte
		text  string
		ok    bool
		named bool
	}{
		{"a text", text("abc"), "abc", true, true},
		{"an empty one", text(""), "", true, true},
		{"a long one", text(long), registry.Clip(long), true, false},
		{"none of the length 0", []byte{0, 0, 0, 0}, "", false, false},
		{"none of a length that is too large", []byte{9, 0, 0, 0, 'a', 0}, "", false, false},
		{"none of a negative length", []byte{255, 255, 255, 255, 'a', 0}, "", false, false},
		{"none without a length", []byte{1, 0}, "", false, false},
		{"nothing", nil, "", false, false},
	} {
		v := bson.RawValue{Type: bson.TypeString, Value: tt.value}
		if got, ok := Text(v); got != tt.text || ok != tt.ok {
			t.Errorf("Text of %s: %q, %v; want %q, %v", tt.name, got, ok, tt.text, tt.ok)
		}
		if got, ok := Name(v, registry.MaxText); ok != tt.named || ok && got != tt.text {
			t.Errorf("Name of %s: %q, %v; want %v", tt.name, got, ok, tt.named)
		}
	}
}
