package inspect

// workflowStatus is what Kratix writes about a workflow into the status of a
// request or a Promise.
type workflowStatus struct {
	Kratix struct {
		Workflows struct {
			Pipelines []wirePipeline `json:"pipelines"`
		} `json:"workflows"`
	} `json:"kratix"`
}

type wirePipeline struct {
	Name               string `json:"name"`
	Phase              string `json:"phase"`
	Message            string `json:"message"`
	NextRetryAt        string `json:"nextRetryAt"`
	Attempts           int64  `json:"attempts"`
	LastTransitionTime string `json:"lastTransitionTime"`
}
