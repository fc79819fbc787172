package console

import (
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/chargestamp/chargestamp/admin/desk"
	"github.com/chargestamp/chargestamp/admin/sheet"
)

// compareList puts a platform's own list of charges beside ours.
func (c *Console) compareList(w http.ResponseWriter, r *http.Request, p *page) error {
	v, err := c.findBinding(r)
	if err != nil {
		return err
	}
	v.Compare = newForm(r)
	rows, err := listRows(r)
	if text, known := wrongListText(p, err); known {
		v.Compare.bad("file", text)
		return c.showBinding(w, r, p, v)
	} else if err != nil {
		return err
	}
	compared, err := c.desk.Compare(r.Context(), p.Who, v.Binding, rows, p.Now.Add(-shadowSpan))
	if err != nil {
		if err := fieldErrors(p, v.Compare, err); err != nil {
			return err
		}
		return c.showBinding(w, r, p, v)
	}
	return c.seeOther(w, r, bindingLink(v)+"?"+c.shownAfter(p, "compared", compared)+"#compare", "")
}

// listRows reads the file of a form, else the text that was pasted.
func listRows(r *http.Request) ([][]string, error) {
	data := []byte(r.PostForm.Get("csv"))
	if file, _, err := r.FormFile("file"); err == nil {
		defer file.Close()
		if data, err = io.ReadAll(file); err != nil {
			return nil, errTooLarge
		}
	}
	return sheet.ReadCSV(data, desk.MostCompared+1)
}

// wrongListText is what to do about a file that is no list.
func wrongListText(p *page, err error) (text string, known bool) {
	switch {
	case errors.Is(err, sheet.ErrWorkbook):
		return p.T("这是 Excel 工作簿，请另存为 CSV 再上传", "this is a workbook: save it as CSV first"), true
	case errors.Is(err, sheet.ErrText):
		return p.T("不是 UTF-8 或 GBK 的 CSV 文件", "this is not a CSV file in UTF-8 or GBK"), true
	case errors.Is(err, sheet.ErrRows):
		return p.T("行数过多，请按天或按周拆分（最多 5000 行）", "there are too many rows: split it by day or week (5,000 at most)"), true
	}
	return "", false
}

// comparedNow is the comparison that a form has led to.
func (c *Console) comparedNow(p *page, q url.Values) *desk.Comparison {
	if done, found := recall[desk.Comparison](&c.memory, p.secret, q.Get("compared"), p.Now); found {
		return &done
	}
	return nil
}

// listed is the reduction that a row says.
func listed(p *page, c *desk.Comparison, row desk.TheirCharge) string {
	if !c.HasMinutes && !c.HasAmount {
		return "–"
	}
	return minutesAndYuan(p, row.Minutes, row.Amount)
}
