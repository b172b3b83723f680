// Download: a binary cell as a file.

package records

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// Download sends a binary cell as a file. It is never shown as a page, whatever
// it holds.
func (p *Pages) Download(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(2)
	if err != nil {
		return err
	}
	begin := func() { attach(v.W.Header(), frame.TableLabel(t)+"-"+key.Label()+".bin", "application/octet-stream") }
	if v.R.Method == http.MethodHead { // the database is not asked
		begin()
		return nil
	}
	source := v.Data
	return p.sendSpooled(v, "a file", begin, func(ctx context.Context, to io.Writer) error {
		_, err := source.Download(ctx, t.Name, key, strings.TrimPrefix(v.R.PathValue("column"), "~"), to)
		return err
	})
}
