// Model: a table with what a View says of it.

package crudadmin

import "github.com/go-crudadmin/crudadmin/data"

type model struct {
	shown   data.TableOptions
	rights  Rights
	allowed []Right // empty: all
}
