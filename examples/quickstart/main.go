// Command quickstart is the smallest program with a panel: it makes a database with
// one table, keeps everything in the current folder, and prints the password of
// the first administrator.
package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func main() {
	ctx := context.Background()
	panel, err := newPanel(ctx, "quickstart.db", "quickstart-admin.db")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(panel.Run(ctx)) }()
	fmt.Println("http://127.0.0.1:8000/admin/")
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: panel, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// newPanel is a panel over the SQLite files. Its sessions are in memory and end
// with the program, and so may its key.
func newPanel(ctx context.Context, path, adminPath string) (*crudadmin.Panel, error) {
	db, err := sql.Open("sqlite", path) // your database, your driver
	if err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS books (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER)"); err != nil {
		return nil, err
	}
	admin, err := sqlite.Open(ctx, adminPath)
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it never fails: it ends the program instead
	return crudadmin.New(ctx, crudadmin.Config{DB: db, AdminDB: admin, SecretKey: config.Secret(key)})
}
