// Reads JSON lines of Kubernetes resources; writes one line for each fault, ends with 1 if any.
// Lies beside node_modules when it runs.
import { text } from "node:stream/consumers";

const packages = {
  "keda.sh/v1alpha1": "@kubernetes-models/keda/keda.sh/v1alpha1",
  "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
};

const faults = [];
for (const line of (await text(process.stdin)).split("\n").filter(Boolean)) {
  const resource = JSON.parse(line);
  const kinds = await import(packages[resource.apiVersion]);
  try {
    new kinds[resource.kind](resource).validate();
  } catch (error) {
    faults.push(`${resource.kind} ${resource.metadata?.name}: ${error.message}`);
  }
}
faults.forEach((fault) => console.log(fault));
process.exitCode = faults.length ? 1 : 0;
