// Package webhook tells a URL that a run has ended.
//
// A delivery is a POST with the run as JSON. It follows the Standard Webhooks
// specification (https://www.standardwebhooks.com): the header Webhook-Id names the
// delivery and stays the same when it is repeated, Webhook-Timestamp is when it was sent,
// and Webhook-Signature is an HMAC-SHA256 over both and the body, if there is a secret.
//
// [Sender.Send] makes one attempt. Whoever calls it repeats it until it succeeds, so a
// receiver may get a delivery more than once, and knows it by its Webhook-Id.
package webhook
