package mongoconn

import (
	"errors"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Codes of the server's errors.
const (
	codeUserNotFound              = 11
	codeUnauthorized              = 13
	codeAuthenticationFailed      = 18
	codeDocumentValidationFailure = 121
	codeCommandNotSupportedOnView = 166
	codeReauthenticate            = 391
	codeAtlas                     = 8000 // Atlas: the user or the password is wrong
	codeNotPrimary                = 10107
)

// changingState are the codes of a server that ceases to be the primary.
// Source: "not writable primary" and "node is recovering" errors, in the
// Server Discovery and Monitoring specification.
var changingState = []int{codeNotPrimary, 13435, 13436, 189, 91, 11600, 11602}

// HasCode reports whether the server answered with one of these codes.
func HasCode(err error, codes ...int) bool {
	var server mongo.ServerError
	if !errors.As(err, &server) {
		return false
	}
	for _, code := range codes {
		if server.HasErrorCode(code) {
			return true
		}
	}
	return false
}

// Unauthenticated reports whether the server does not accept the name and the
// password, or whatever else the URI has.
func Unauthenticated(err error) bool {
	return HasCode(err, codeAuthenticationFailed, codeUserNotFound, codeReauthenticate, codeAtlas)
}

// Unauthorized reports whether the server does not let the user do what was asked.
func Unauthorized(err error) bool { return HasCode(err, codeUnauthorized) }

// Denied reports whether an error is one of [Unauthenticated] or [Unauthorized].
func Denied(err error) bool { return Unauthenticated(err) || Unauthorized(err) }

// OnView reports whether the server refused a call because the collection is a view.
func OnView(err error) bool { return HasCode(err, codeCommandNotSupportedOnView) }

// Invalid reports whether a validator of the collection refused the record.
func Invalid(err error) bool { return HasCode(err, codeDocumentValidationFailure) }

// Final reports whether a server answered with a refusal that it will repeat. A
// timeout is none, nor is a primary that changes, or a write that no majority has
// acknowledged yet.
func Final(err error) bool {
	var (
		server mongo.ServerError
		write  mongo.WriteException
	)
	if !errors.As(err, &server) || mongo.IsTimeout(err) || mongo.IsNetworkError(err) || HasCode(err, changingState...) {
		return false
	}
	return !errors.As(err, &write) || write.WriteConcernError == nil
}
