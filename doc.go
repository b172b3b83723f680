// Package crudadmin is an admin panel in front of the data of a Go program: an http.Handler over
// database/sql, with administrators, server-side sessions, and pages that list, search, make, change,
// delete and export the records of every table.
//
//	adminDB, err := sqlite.Open(ctx, "crudadmin_data/admin.db")
//	panel, err := crudadmin.New(ctx, crudadmin.Config{DB: db, AdminDB: adminDB, SecretKey: key})
//	go panel.Run(ctx)
//	mux.Handle("/admin/", panel)
//
// # Serving
//
// [New] reads the schema of the application's database and brings the administrators' up to date; a
// [Panel] is an http.Handler for everything under its mount path. [Config] says what it is made of, and
// [ConfigFromEnv] reads one from environment variables. [Panel.Run] does what is done in the background.
//
// # Tables
//
// A panel shows every table as the database has it. [Register] says more of one, with a Go struct for
// its rows: a [View] has labels, which fields stand where, a [Field] more of one of them, an [Action]
// something of the program's own. [Panel.Drift] is where struct and table disagree.
//
// # Rights
//
// Administrators are superusers, editors or viewers. [Rights] say what each role may do with a table;
// what a role may not view is not there for it, in any list, choice, reference or export.
//
// # Hooks
//
// The functions of a View run in the transaction of the write, for each record. An error undoes the
// write and is shown beside the form; [Invalid] puts it beside a field.
//
// # Sessions and administrators
//
// [Panel.Manager] and [Panel.Accounts] are for a program that ends sessions or makes administrators
// itself. Sessions are kept in memory unless Config.Sessions is another store.
//
// # Behind a proxy
//
// Config.TrustedProxies says whose forwarding headers are believed, Config.Secure that people come over
// HTTPS, and the Allowed fields who may come at all.
//
// # What it never does
//
// The panel adds no table to the application's database, uses no global and links no SQL driver. Many
// panels live in one process, each under its own mount path. Secrets are not shown, logged or sent back.
package crudadmin
