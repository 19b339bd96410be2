package storetest

import (
	"database/sql"
	"fmt"
	"testing"
)

// columns are those that have another name than the field that they store.
var columns = map[string]string{"trigger": `"trigger"`, "by": `"by"`, "offset": `"offset"`, "cancel": "cancelAt", "paused": "pausedAt"}

// SpoilSQLite is [Store.Spoil] for a SQLite file.
func SpoilSQLite(t testing.TB, path string, r Record, field string, value any) {
	t.Helper()
	column := columns[field]
	if column == "" {
		column = field
	}
	table, where, args := "jobs", `"group" = ? AND name = ?`, []any{value, r.Group, r.Job}
	switch {
	case r.Blob == "chunk":
		table, where, args = "chunks", `"group" = ? AND job = ? AND run = ?`, append(args, r.Run)
	case r.Blob != "":
		table, where, args = "blobs", `"group" = ? AND job = ? AND run = ? AND kind = ?`, append(args, r.Run, r.Blob)
	case r.Run != "":
		table, where, args = "runs", `"group" = ? AND job = ? AND run = ?`, append(args, r.Run)
	}
	set := column + " = ?"
	if field == "cancel" || field == "paused" {
		set += fmt.Sprintf(", %[1]sBy = NULL, %[1]sWhy = NULL", field)
	}
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(fmt.Sprintf("UPDATE %s SET %s WHERE %s", table, set, where), args...)
	if err != nil {
		t.Fatalf("%s of %s: %v", field, r.Key, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		t.Fatalf("%s of %s: %d records, %v; want one", field, r.Key, n, err)
	}
}
