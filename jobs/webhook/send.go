package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/understudy-go/understudy/jobs/store"
	"github.com/understudy-go/understudy/jobs/view"
)

// ErrGone says that the receiver wants no more deliveries: it answered 410.
var ErrGone = errors.New("webhook: the receiver wants no more of them (410)")

const (
	sendTime  = 10 * time.Second // for one attempt
	maxAnswer = 64 << 10         // bytes of an answer that are read, so that its connection can be used again
)

// Sender sends deliveries. Its methods may be called concurrently.
type Sender struct {
	version string
	secret  *SecretFile
	client  *http.Client
	now     func() time.Time
}

// NewSender returns a sender of that version of Understudy. Without a secret, nothing is
// signed.
func NewSender(version string, secret *SecretFile) *Sender {
	return &Sender{
		version: version, secret: secret, now: time.Now,
		client: &http.Client{
			Timeout: sendTime,
			// Another place is not meant to get what is sent.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// message is the body of a delivery.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // when the run ended
	Data      data      `json:"data"`
}

type data struct {
	Group string   `json:"group"`
	Run   view.Run `json:"run"` // without its result and the text of its output
}

// Send makes one attempt to tell a URL that a run has ended. The error does not show the
// URL, which may be a secret. It wraps ErrGone if no other attempt is wanted.
func (s *Sender) Send(ctx context.Context, to string, r store.Run) error {
	r.Result, r.Output.Head, r.Output.Tail = nil, nil, nil
	r.Open = false // but for this delivery
	body, err := json.Marshal(message{Type: "run.ended", Timestamp: r.EndedAt.UTC(), Data: data{Group: r.Group, Run: view.OfRun(r)}})
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("webhook: the URL cannot be used")
	}
	id, at := ID(r), strconv.FormatInt(s.now().Unix(), 10)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "understudy/"+s.version)
	request.Header.Set("Webhook-Id", id)
	request.Header.Set("Webhook-Timestamp", at)
	if key := s.secret.key(); key != nil {
		request.Header.Set("Webhook-Signature", "v1,"+sign(key, id, at, body))
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("webhook: host %.100q: %w", request.URL.Host, withoutURL(err))
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	switch code := answer.StatusCode; {
	case code == http.StatusGone:
		return ErrGone
	case code < 200 || code > 299:
		return fmt.Errorf("webhook: host %.100q answered %d %s, want 2xx", request.URL.Host, code, http.StatusText(code))
	}
	return nil
}

// ID names the delivery that tells of the end of a run. It is another one when the run is
// started again and ends again.
func ID(r store.Run) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %d", r.Group, r.Job, r.Run, r.Attempt, r.EndedAt.UnixMilli()))
	return hex.EncodeToString(sum[:16])
}

// sign returns the signature of a delivery, as the Standard Webhooks specification says.
func sign(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", id, at)
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// withoutURL returns an error of an HTTP client without the URL.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
