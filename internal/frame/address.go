// Addresses: links to tables, lists and records, and the way back.

package frame

import (
	"net/url"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// TableSegment is a table's name as a segment of a path. A name that browsers
// would not keep there ("", "." and "..") gets a "~" before it, and so do "/",
// which http.ServeMux takes for the end of a path even escaped, and one that
// begins with "~".
func TableSegment(name string) string {
	if name == "" || name == "." || name == ".." || name == "/" || name[0] == '~' {
		return "~" + name
	}
	return name
}

// URL is the address of a page of the panel: of the one with these segments under the mount path.
func (v *Visit) URL(segments ...string) string { return v.frame.ui.URL(segments...) }

// TableURL is the address of a table's list.
func (v *Visit) TableURL(name string) string { return v.URL("m", TableSegment(name), "") }

// ListURL is the address of a list in the state of q.
func (v *Visit) ListURL(q data.Query) string {
	address := v.TableURL(q.Table)
	if values := q.Values(); len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// RecordURL is the address of a record; empty if it has none.
func (v *Visit) RecordURL(table string, key data.Key) string {
	if key.IsZero() {
		return ""
	}
	return v.TableURL(table) + key.String()
}

// table returns the table that the address names.
func (v *Visit) table() (*data.Table, error) {
	name := strings.TrimPrefix(v.R.PathValue("table"), "~")
	if t, ok := v.Data.Schema().Table(name); ok {
		return t, nil
	}
	return nil, data.ErrNoTable
}

// Key returns the key of a record that the address names: in its last segment, or in the one
// that so many are after. The path is split before it is unescaped.
func (v *Visit) Key(after int) (data.Key, error) {
	segments := strings.Split(v.R.URL.EscapedPath(), "/")
	return data.ParseKey(v.Table, segments[len(segments)-1-after])
}

// LocalPath returns next if it is an address of this panel, else the dashboard's.
func (v *Visit) LocalPath(next string) string {
	home := v.URL()
	u, err := url.Parse(next)
	switch {
	case err != nil, len(next) > MaxURL, u.Scheme != "", u.Host != "", u.User != nil, u.Opaque != "",
		strings.ContainsAny(next, "\\\r\n\t"),
		!strings.HasPrefix(u.EscapedPath(), v.frame.base+"/"), strings.HasPrefix(next, "//"),
		strings.Contains(u.Path, "/../"), strings.HasSuffix(u.Path, "/.."):
		return home
	}
	local := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}
	return local.String()
}
