// SPDX-License-Identifier: Apache-2.0

// Package workflow runs the Pipelines of one action of a Promise and gives
// each container exactly what its Pod would: the same object.yaml, the same
// environment in the same order, the same three directories.
//
// It knows what runs, in which order and what Kratix' own containers (reader
// and status-writer) do around it; how a container is started is left to an
// [Engine]. Two halves meet in a loop that the caller writes, because the
// work-writer, which is not part of this package, runs between them:
//
//	run, err := workflow.NewRun(spec)
//	for i := run.First(); i < run.Len(); i++ {
//		run.Start(i)                      // the controller makes a Job
//		object, err := run.ObjectYAML()   // the reader
//		result, err := workflow.RunPipeline(ctx, engine, workflow.PipelineRun{
//			Identity: run.Identity(i), Pipeline: run.Pipeline(i), Object: object, ...
//		})
//		if result.Err() != nil {          // a step failed
//			run.Fail(i)
//			return
//		}
//		...                               // the work-writer, if it is a configure action
//		written, err := run.WriteStatus(i, result.Metadata)
//		if written.Suspended {            // after an error, run.Fail(i) as above
//			run.Suspend()
//			return
//		}
//		run.Succeed(i)
//	}
//	run.Finish(works)
//
// A [Run] is the object that a workflow is about, a request or a Promise, and
// how Kratix changes it; it is pure. [RunPipeline] starts containers and knows
// nothing of Kubernetes but how a Pod is put together.
//
// What surprises is how little passes from one Pipeline to the next. The
// directories start empty for each, so only the object carries anything over;
// its status is merged key by key and not deeply, and its message is set back
// to Pending when the next Pipeline starts, so that only the last one can say
// something to the user.
//
// A local run is reproducible, so nothing in the object depends on when or
// where it runs: uid, resourceVersion and every time have fixed values ([Epoch]
// for times, from which retries are counted), and managedFields, which a
// container sees in a cluster, are left out.
package workflow
