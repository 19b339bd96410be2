package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/chromedp/chromedp"
)

// photographed is how long jobs run before their pictures are made: twenty runs of those
// that are due most often.
const photographed = 9 * time.Minute

// jobsFile has jobs that do nothing, for as long as real ones would.
const jobsFile = `
jobs:
  import-orders:
    description: New orders from the shop
    command: sleep $(awk 'BEGIN {srand(); printf "%.1f", 1 + 6 * rand()}'); test $(($(date +%s) / 20 % 7)) -gt 0 || exit 1
    schedule: "@every 20s"
    retries: {max: 1, backoff: 3s}
  sync-stock:
    description: Numbers of the warehouse
    command: sleep $(awk 'BEGIN {srand(); printf "%.1f", 2 + 8 * rand()}')
    schedule: "@every 30s"
    timeout: 9s
  report:
    description: Sales, for each country
    command: |
      progress() { echo "$@" >$UNDERSTUDY_PROGRESS_FILE.new && mv $UNDERSTUDY_PROGRESS_FILE.new $UNDERSTUDY_PROGRESS_FILE; }
      percent=0
      for country in Austria Belgium Denmark Finland Ireland; do
        progress $percent $country
        echo "$country: $(($(date +%s) % 97 + percent)) orders"
        sleep 4
        percent=$((percent + 20))
      done
      progress 100 done
      echo '{"countries": 5}' >$UNDERSTUDY_RESULT_FILE
    schedule: "@every 1m"
    then: [{job: publish}]
  publish:
    description: Sends a report to those who read it
    command: sleep 3
  newsletter:
    description: To all customers
    command: sleep 2
    schedule: "30 9 * * mon"
  clean-up:
    description: Deletes what is older than a week
    command: sleep 0.3
    schedule: "*/2 * * * *"
`

// jobsPictures photographs the view of jobs, and a run that was interrupted by a crash.
func jobsPictures(ctx, tab context.Context, g *group, to string) error {
	token := "0123456789abcdef0123456789abcdef"
	jobs, secret := filepath.Join(g.dir, "jobs.yaml"), filepath.Join(g.dir, "token")
	if err := errors.Join(os.WriteFile(jobs, []byte(jobsFile), 0o600), os.WriteFile(secret, []byte(token), 0o600)); err != nil {
		return err
	}
	g.env = []string{"UNDERSTUDY_JOBS=" + jobs, "UNDERSTUDY_API_TOKEN_FILE=" + secret}
	for _, host := range []string{"ams-1", "fra-2", "lon-3"} {
		if err := g.join(host); err != nil {
			return err
		}
	}
	begun := time.Now()
	if err := errors.Join(sleep(ctx, 10*time.Second), g.run("jobs", "pause", "newsletter", "--why", "waits for its text")); err != nil {
		return err
	}
	if err := errors.Join(sleep(ctx, photographed/3), g.run("handover", "--wait")); err != nil {
		return err
	}
	if err := sleep(ctx, photographed/3); err != nil {
		return err
	}
	run, host, err := g.processed(ctx, "report", 7*time.Second)
	if err != nil {
		return err
	}
	log.Print("a crash of ", host)
	crashed := g.members[slices.Index(g.hosts, host)]
	_ = crashed.Process.Kill()
	_ = crashed.Wait()
	if err := errors.Join(sleep(ctx, 12*time.Second), g.join(host), sleep(ctx, photographed-time.Since(begun))); err != nil {
		return err
	}
	if _, _, err := g.processed(ctx, "report", 5*time.Second); err != nil {
		return err
	}
	log.Print("the view of jobs")
	quarter := chromedp.Evaluate[any](`[...document.querySelectorAll("#range button")].find(b => b.textContent === "15 min").click()`)
	err = photograph(tab, g.page+"/#jobs", 1040, filepath.Join(to, "jobs.png"), func(tab context.Context) error {
		_, err := chromedp.Run(tab, quarter)
		return err
	})
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	log.Print("a run")
	typed := chromedp.Evaluate[any](`sessionStorage.setItem("understudy-token", "` + token + `"); location.hash = "#runs/` + run + `"; location.reload()`)
	err = photograph(tab, g.page+"/", 1040, filepath.Join(to, "run.png"), func(tab context.Context) error {
		_, err := chromedp.Run(tab, typed)
		return errors.Join(err, sleep(ctx, 3*time.Second))
	})
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// run runs a subcommand.
func (g *group) run(args ...string) error {
	cmd := exec.Command(g.program, args...)
	cmd.Env = append(g.environ(), "UNDERSTUDY_HOST=ops-1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%q: %w: %s", args, err, out)
	}
	return nil
}

// processed waits until a job has been processed for that long. It returns the run, and the
// host where it is.
func (g *group) processed(ctx context.Context, job string, long time.Duration) (run, host string, err error) {
	for {
		cmd := exec.CommandContext(ctx, g.program, "runs", job, "--status", "processing", "--json")
		cmd.Env = g.environ()
		out, err := cmd.Output()
		if err != nil {
			return "", "", fmt.Errorf("runs: %w", err)
		}
		var list struct {
			Runs []struct {
				ID       string
				Attempts []struct {
					Host string
					From time.Time
				}
			}
		}
		if err := json.Unmarshal(out, &list); err != nil {
			return "", "", fmt.Errorf("runs: %w", err)
		}
		for _, r := range list.Runs {
			if last := r.Attempts[len(r.Attempts)-1]; time.Since(last.From) > long {
				return r.ID, last.Host, nil
			}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return "", "", err
		}
	}
}
