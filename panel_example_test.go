// Examples of a panel: made, served, and asked by the program around it.

package crudadmin_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// shopPanel is a panel over a small database in a folder.
func shopPanel(ctx context.Context, dir string) (*crudadmin.Panel, error) {
	db, err := sqlite.Open(ctx, filepath.Join(dir, "shop.db"))
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, pages TEXT)"); err != nil {
		return nil, err
	}
	adminDB, err := sqlite.Open(ctx, filepath.Join(dir, "admin.db"))
	if err != nil {
		return nil, err
	}
	return crudadmin.New(ctx, crudadmin.Config{
		DB: db, AdminDB: adminDB, SecretKey: config.Secret(rand.Text() + rand.Text()),
		FirstUsername: "root", FirstPassword: "correct horse battery staple", Logger: slog.New(slog.DiscardHandler),
	})
}

// A panel beside the program's own pages.
func ExampleNew() {
	ctx := context.Background()
	db, err := sqlite.OpenData(ctx, "shop.db", false)
	if err != nil {
		log.Fatal(err)
	}
	adminDB, err := sqlite.Open(ctx, "crudadmin_data/admin.db")
	if err != nil {
		log.Fatal(err)
	}
	panel, err := crudadmin.New(ctx, crudadmin.Config{DB: db, AdminDB: adminDB, SecretKey: config.Secret(os.Getenv("ADMIN_SECRET_KEY"))})
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(panel.Run(ctx)) }()
	mux := http.NewServeMux()
	mux.Handle("/admin/", panel)
	log.Fatal(http.ListenAndServe("127.0.0.1:8000", mux))
}

// A configuration can be checked without a panel. Every wrong field is in the error.
func ExampleConfig_Validate() {
	cfg := crudadmin.Config{MountPath: "admin panel", ExportSpoolMB: -1}
	for _, wrong := range config.Fields(cfg.Validate()) {
		fmt.Println(wrong.Field)
	}
	// Output:
	// DB
	// AdminDB
	// SecretKey
	// MountPath
	// ExportSpoolMB
}

// The program creates an administrator, and ends their sessions when they leave the company.
func ExamplePanel_Accounts() {
	ctx := context.Background()
	dir, _ := os.MkdirTemp("", "")
	defer func() { _ = os.RemoveAll(dir) }()
	panel, err := shopPanel(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	ann, err := panel.Accounts().Create(ctx, "ann", "a long enough password", account.Editor)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := panel.Accounts().SetDisabled(ctx, ann.ID, true); err != nil {
		fmt.Println(err)
		return
	}
	ended, err := panel.Manager().RevokeUser(ctx, ann.ID, session.Ending{Reason: session.ReasonUserDisabled})
	fmt.Println(ended, "sessions ended,", err)
	// Output: 0 sessions ended, <nil>
}

// Where a struct and its table disagree, the panel starts all the same, and says so.
func ExamplePanel_Drift() {
	type Book struct {
		ID    int64
		Title string
		Pages int
		ISBN  string
	}
	dir, _ := os.MkdirTemp("", "")
	defer func() { _ = os.RemoveAll(dir) }()
	panel, err := shopPanel(context.Background(), dir)
	if err == nil {
		err = crudadmin.Register(panel, crudadmin.View[Book]{})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, drift := range panel.Drift() {
		fmt.Println(drift.Table, drift.Column, drift.Field, drift.Message)
	}
	// Output:
	// books pages Pages is TEXT (text), but the field is of type int, which holds whole numbers
	// books pages Pages can be NULL, which the field of type int reads as its zero value
	// books  ISBN has no column: the table has none named isbn or ISBN
}
