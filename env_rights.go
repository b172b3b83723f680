// Rights in the environment: which tables are shown, which columns are masked, and the file of
// rights.

package crudadmin

import (
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/namelist"
	"github.com/go-crudadmin/crudadmin/internal/rightsfile"
)

// rights reads what SHOW_TABLES, HIDE_TABLES, MASK_COLUMNS, UNMASK_COLUMNS and RIGHTS_FILE say into
// the configuration.
func (r panelReader) rights(c *EnvConfig) {
	c.Tables.Show, c.Tables.Hide = r.tables("SHOW_TABLES"), r.tables("HIDE_TABLES")
	c.Tables.Mask, c.Tables.Unmasked = r.names("MASK_COLUMNS"), r.names("UNMASK_COLUMNS")
	path := r.Text("RIGHTS_FILE")
	if path == "" {
		return
	}
	if !environ.Path(path) {
		r.Wrong("RIGHTS_FILE", "it has %d bytes, want a path", len(path))
		return
	}
	file, err := rightsfile.Read(path, rightsfile.Rules{
		Roles:  []string{string(account.Superuser), string(account.Editor), string(account.Viewer)},
		Rights: frame.Names(frame.AllRights()),
		Check:  func(rights []string) error { return frame.ValidRights(rightsOf(rights)) },
	})
	if err != nil {
		r.Wrong("RIGHTS_FILE", "%s: %w", clip.Value(path), err)
	}
	if file == nil {
		return
	}
	c.Rights, c.RightsLines = map[string]Rights{}, file.Lines
	for table, of := range file.Tables {
		c.Rights[table] = Rights{}
		for role, rights := range of {
			c.Rights[table][account.Role(role)] = rightsOf(rights)
		}
	}
}

// rightsOf are rights by their names.
func rightsOf(names []string) []Right {
	rights := make([]Right, len(names))
	for i, name := range names {
		rights[i] = Right(name)
	}
	return rights
}

// names reads names that are separated by commas; those in double quotes stay so.
func (r panelReader) names(name string) []string {
	text := r.Text(name)
	if text == "" {
		return nil
	}
	parts, err := namelist.Split(text, ',')
	if err != nil {
		r.Wrong(name, "%w; names are separated by commas, and one that has a comma or a dot stands in double quotes", err)
	}
	return parts
}

// tables reads names of tables.
func (r panelReader) tables(name string) []string {
	var all []string
	for _, part := range r.names(name) {
		table, _, err := namelist.Unquote(part)
		if err != nil {
			r.Wrong(name, "%w", err)
		}
		all = append(all, table)
	}
	return all
}
