//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// bareFigure is a figure of the beats of so many instances, on MongoDB without Understudy.
func (st *store) bareFigure(measure, unit string, size int) figure {
	return figure{Measure: "beats alone: " + measure, System: title[st.name] + ", bare", Instances: size, Groups: "no groups", Unit: unit}
}

// bareBeats measures what the beats of so many instances cost a replica set if nothing else is
// done: each record is updated once a second by its _id, for a majority and its journals. A few
// clients do that for all, so there are few connections. No fleet of that size does better.
func (st *store) bareBeats(ctx context.Context, size int, span time.Duration) (list []figure, err error) {
	const clients = 12
	records := make([]*mongo.Collection, clients)
	for i := range records {
		c, err := connectBare(st)
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.Disconnect(context.WithoutCancel(ctx)) }()
		records[i] = c.Database("bare").Collection(fmt.Sprint("beats", size))
	}
	all := make([]any, size)
	for i := range all {
		all[i] = bson.D{{Key: "_id", Value: i}, {Key: "beat", Value: int64(0)}}
	}
	if _, err := records[0].InsertMany(ctx, all); err != nil {
		return nil, err
	}
	beat := bson.D{{Key: "$inc", Value: bson.D{{Key: "beat", Value: int64(1)}}}, {Key: "$currentDate", Value: bson.D{{Key: "heartbeat", Value: true}}}}
	var (
		mu    sync.Mutex
		took  []time.Duration
		fault error
		wait  sync.WaitGroup
	)
	server, own, begun := processorTime(st.pids...), processorTime(os.Getpid()), time.Now()
	for i := range size {
		wait.Go(func() {
			for next := begun.Add(time.Duration(i) * time.Second / time.Duration(size)); next.Before(begun.Add(span)) && ctx.Err() == nil; next = next.Add(time.Second) {
				pause(ctx, time.Until(next))
				sent := time.Now()
				_, err := records[i%clients].UpdateByID(ctx, i, beat)
				mu.Lock()
				took = append(took, time.Since(sent))
				if err != nil {
					fault = err
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	span = time.Since(begun)
	server, own = processorTime(st.pids...)-server, processorTime(os.Getpid())-own
	if fault != nil {
		return nil, fault
	}
	add := func(measure, unit string, value float64) {
		list = append(list, st.bareFigure(measure, unit, size).summarize([]float64{value}))
	}
	add("99th percentile", "ms", ms(percentile(took, 0.99)))
	add("beats that were sent", "1/s", float64(len(took))/span.Seconds())
	add("processor of the clients", perCore, 100*own.Seconds()/span.Seconds())
	add("processor of the store", perCore, 100*server.Seconds()/span.Seconds())
	return list, nil
}

// scalesAlone measures beats alone for each size, before the fleets of that size.
func (s *stage) scalesAlone(ctx context.Context, size int) (list []figure) {
	const span = 10 * time.Second
	for _, name := range []string{"mongodb1", "mongodb3"} {
		st := s.stores[name]
		if st == nil {
			continue
		}
		within, cancel := context.WithTimeout(ctx, 6*span)
		figures, err := st.bareBeats(within, size, span)
		cancel()
		if err != nil {
			f := st.bareFigure("99th percentile", "ms", size)
			f.Note = err.Error()
			figures = []figure{f}
		}
		list = append(list, figures...)
	}
	return list
}
