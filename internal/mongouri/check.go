package mongouri

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/understudy-go/understudy/internal/pattern"
)

// maxLength bounds what is still taken for a connection string.
const maxLength = 16 << 10

// Known reports whether the scheme is one of MongoDB's.
func (u *URI) Known() bool { return u.Scheme == schemeHosts || u.Scheme == schemeDNS }

// Check returns the first thing that is wrong, without quoting any part of the
// URI. It is stricter than the driver: it refuses whatever leaves open where the
// password begins or ends.
func (u *URI) Check() error {
	switch {
	case !u.Known():
		return errors.New("want mongodb:// or mongodb+srv://")
	case len(u.raw) > maxLength:
		return errors.New("want at most 16 KiB")
	case strings.ContainsFunc(u.raw, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }):
		return errors.New("it has a space or a control character in it: want those percent-encoded")
	}
	if err := u.checkCredentials(); err != nil {
		return err
	}
	if u.noSlash {
		return errors.New("want a / between the hosts and the ?")
	}
	if err := u.checkHosts(); err != nil {
		return err
	}
	if _, err := url.QueryUnescape(u.path); err != nil {
		return errors.New("the database in its path has a % that is no percent-encoding: write %25")
	}
	return nil
}

func (u *URI) checkCredentials() error {
	_, badUser := url.PathUnescape(u.user)
	_, badPassword := url.PathUnescape(u.password)
	switch {
	case !u.credentials:
		return nil
	case u.misplaced():
		return errors.New("it has a / : or @ that is not encoded: in the user, the password and the options write %2F, %3A, %40")
	case badUser != nil || badPassword != nil:
		return errors.New("the user or the password has a % that is no percent-encoding: write %25")
	case u.user == "":
		return errors.New("it has an @ and no user before it")
	}
	return nil
}

// hostPattern matches a name, an address in brackets, or the encoded path of a
// socket. Its group is the port.
var hostPattern = pattern.Lazy(`^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9._-]+)?\])(?::([0-9]{1,5}))?$|^%2[Ff][A-Za-z0-9._%-]+\.sock$`)

func (u *URI) checkHosts() error {
	list := strings.Split(u.hosts, ",")
	for i, host := range list {
		found := hostPattern().FindStringSubmatch(host)
		if found == nil {
			return fmt.Errorf("host %d of %d in it is not valid: want a name or an address, an optional :port after it, and a comma between two of them", i+1, len(list))
		}
		if found[1] == "" {
			continue
		}
		if port, err := strconv.Atoi(found[1]); err != nil || port < 1 || port > 65535 {
			return fmt.Errorf("the port of host %d of %d in it is not valid: want 1 to 65535", i+1, len(list))
		}
		if u.DNS() {
			return errors.New("mongodb+srv:// takes its ports from DNS: want a name without a port")
		}
	}
	if u.DNS() && len(list) > 1 {
		return errors.New("mongodb+srv:// takes its hosts from DNS: want one name")
	}
	return nil
}
