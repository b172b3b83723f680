// Package crudadmin is an admin panel that goes in front of the data of a Go
// program: an http.Handler over database/sql, with administrators, server-side
// sessions and a read-only view of every table.
//
//	adminDB, err := sqlite.Open(ctx, "crudadmin_data/admin.db")
//	panel, err := crudadmin.New(ctx, crudadmin.Config{DB: db, AdminDB: adminDB, SecretKey: key})
//	go panel.Run(ctx)
//	mux.Handle("/admin/", panel)
//
// The panel takes nothing over: it adds no table to the application's database,
// uses no global, and many panels live in one process, each under its own mount
// path. It links no SQL driver and keeps sessions in memory unless it is given
// another store.
package crudadmin
