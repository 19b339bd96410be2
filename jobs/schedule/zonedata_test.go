package schedule

import (
	"archive/zip"
	"go/ast"
	"go/build"
	goparser "go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// painfulZones have changed their clocks in every way that has hurt somebody.
var painfulZones = []string{
	"Africa/Cairo",        // at midnight, with a second summer time in some years
	"Africa/Casablanca",   // summer time pauses for the month of Ramadan
	"Africa/El_Aaiun",     // the same
	"Africa/Monrovia",     // 44 minutes and 30 seconds, until January 1972
	"America/Caracas",     // half an hour, without summer time
	"America/Havana",      // at midnight
	"America/New_York",    //
	"America/Nuuk",        // before midnight, of the day before
	"America/Sao_Paulo",   // at midnight; given up
	"America/St_Johns",    // at one minute past midnight; two hours in 1988
	"Antarctica/Casey",    // back and forth by hours
	"Antarctica/Troll",    // two hours
	"Asia/Gaza",           // another day in each year, far into the future
	"Asia/Kathmandu",      // a quarter of an hour, 1986
	"Asia/Pyongyang",      // half an hour, back and forth
	"Asia/Tehran",         // half an hour, at midnight
	"Atlantic/Azores",     // across midnight of UTC
	"Australia/Lord_Howe", // summer time of half an hour
	"Europe/Berlin",       //
	"Europe/Dublin",       // its winter time is the exception
	"Europe/London",       // all year summer time until 1971
	"Europe/Moscow",       // years of summer time
	"Pacific/Apia",        // has no 30 December 2011
	"Pacific/Chatham",     // three quarters of an hour
	"Pacific/Kwajalein",   // has no 21 August 1993
}

// zoneData gives the content of a zone's file.
type zoneData func(name string) ([]byte, error)

// zoneSources are the zone data that Go embeds in programs, and that of the system.
// time.LoadLocation would take the first that it finds.
var zoneSources = []struct {
	name string
	open func(testing.TB) zoneData
}{{"embedded", embeddedZoneData}, {"system", systemZoneData}}

// eachZoneData runs a test with each of the zoneSources.
func eachZoneData(t *testing.T, test func(t *testing.T, load func(name string) *time.Location)) {
	for _, source := range zoneSources {
		t.Run(source.name, func(t *testing.T) {
			read := source.open(t)
			test(t, func(name string) *time.Location { return read.load(t, name) })
		})
	}
}

func (read zoneData) load(t testing.TB, name string) *time.Location {
	t.Helper()
	data, err := read(name)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// systemZoneData reads the files of the system.
func systemZoneData(t testing.TB) zoneData {
	for _, dir := range []string{"/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"} {
		if _, err := os.Stat(filepath.Join(dir, "Europe/Berlin")); err == nil {
			return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
		}
	}
	t.Skip("this system has no zone data, as from the package tzdata")
	return nil
}

// embeddedZoneData reads what the package time/tzdata embeds: a zip file, as a string
// constant of its source. The package itself offers no other way to it.
func embeddedZoneData(t testing.TB) zoneData {
	archive, err := embeddedArchive()
	if os.IsNotExist(err) {
		t.Skip("the source of Go's package time/tzdata is not on this machine: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) ([]byte, error) {
		f, err := archive.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(f)
	}
}

var embeddedArchive = sync.OnceValues(func() (*zip.Reader, error) {
	source := filepath.Join(build.Default.GOROOT, "src", "time", "tzdata", "zzipdata.go")
	file, err := goparser.ParseFile(token.NewFileSet(), source, nil, goparser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var content string
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && err == nil {
			var piece string
			piece, err = strconv.Unquote(lit.Value)
			content += piece
		}
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return zip.NewReader(strings.NewReader(content), int64(len(content)))
})
