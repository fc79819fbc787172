package bench

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// warm reads the files of a prepared store once, as a machine that has served it for a while has them in memory: a
// server that was started a second ago would be measured by the disk under it. A database elsewhere is as warm as it
// is.
func (r *Rig) warm(ctx context.Context, engine *Engine, dir, database string) error {
	if !engine.Keeps() {
		return nil
	}
	if engine.Name == Postgres {
		var err error
		if dir, err = filesOf(ctx, database); err != nil {
			return err
		}
	}
	begin, bytes := time.Now(), int64(0)
	err := filepath.WalkDir(dir, func(path string, file fs.DirEntry, err error) error {
		if err != nil || !file.Type().IsRegular() {
			return err
		}
		n, err := readThrough(path)
		bytes += n
		if err != nil {
			return err
		}
		return ctx.Err()
	})
	if bytes >= 1<<30 {
		r.say("%d GiB of it were read into memory in %s", bytes>>30, time.Since(begin).Round(time.Second))
	}
	return err
}

func readThrough(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.CopyBuffer(struct{ io.Writer }{io.Discard}, f, make([]byte, 1<<20))
}

// filesOf finds the folder of a database on this machine.
func filesOf(ctx context.Context, database string) (dir string, err error) {
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	err = conn.QueryRow(ctx,
		"SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = "+
			"current_database()").Scan(&dir)
	return dir, err
}
