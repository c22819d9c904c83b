{{- define "seek-signals.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "seek-signals.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "seek-signals.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "seek-signals.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ printf "%s@%s" .repository .digest }}
{{- else }}{{ printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) }}{{ end }}
{{- end }}
{{- end }}

{{/* A dictionary as TOML. Texts go through toJson: TOML's basic strings have JSON's escapes. */}}
{{- define "seek-signals.as-toml" -}}
{{- range $name, $value := . }}
{{ $name }} = {{ $value | toJson }}
{{- end }}
{{- end }}

{{- define "seek-signals.toml" -}}
{{- if hasKey .Values.settings "SEEK_SIGNALS_GRACE_S" }}
{{- fail "settings.SEEK_SIGNALS_GRACE_S: set terminationGracePeriodSeconds instead, which says both" }}
{{- end }}
{{- include "seek-signals.as-toml" .Values.settings }}
SEEK_SIGNALS_GRACE_S = {{ .Values.terminationGracePeriodSeconds }}
SEEK_SIGNALS_HTTP_HOST = "0.0.0.0"
SEEK_SIGNALS_HTTP_PORT = {{ .Values.port }}
{{- end }}

{{/* Who works in a pod: its ConfigMap, its secrets, its files. As JSON, for fromJson. */}}
{{- define "seek-signals.service" -}}
{{- dict "config" (include "seek-signals.name" .) "secrets" .Values.secrets "files" .Values.files | toJson }}
{{- end }}

{{/* The operator has what the service has, but for SEEK's credentials, and but for what it has
     under the same name itself. */}}
{{- define "seek-signals.operator" -}}
{{- $secrets := dict }}
{{- range .Values.secrets }}
{{- if not (hasPrefix "SEEK_CLIENT_" .setting) }}{{ $_ := set $secrets .setting . }}{{ end }}
{{- end }}
{{- range .Values.operator.secrets }}{{ $_ := set $secrets .setting . }}{{ end }}
{{- $files := dict }}
{{- range concat .Values.files .Values.operator.files }}{{ $_ := set $files .name . }}{{ end }}
{{- dict
      "config" (printf "%s-operator" (include "seek-signals.name" .))
      "secrets" (include "seek-signals.sorted" $secrets | fromJsonArray)
      "files" (include "seek-signals.sorted" $files | fromJsonArray)
    | toJson }}
{{- end }}

{{- define "seek-signals.sorted" -}}
{{- $values := list }}
{{- $named := . }}
{{- range keys $named | sortAlpha }}{{ $values = append $values (get $named .) }}{{ end }}
{{- $values | toJson }}
{{- end }}

{{/* These three are of one who works in a pod. */}}
{{- define "seek-signals.environment" -}}
- name: SEEK_SIGNALS_CONFIG
  value: /etc/seek-signals/seek-signals.toml
{{- range .secrets }}
- name: {{ .setting }}_FILE
  value: /run/secrets/seek-signals/{{ .setting }}
{{- end }}
{{- end }}

{{- define "seek-signals.mounts" -}}
- name: settings
  mountPath: /etc/seek-signals
  readOnly: true
{{- if .secrets }}
- name: secrets
  mountPath: /run/secrets/seek-signals
  readOnly: true
{{- end }}
{{- range .files }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "seek-signals.volumes" -}}
- name: settings
  configMap:
    name: {{ .config }}
{{- if .secrets }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range .secrets }}
      - secret:
          name: {{ .secret }}
          items:
            - key: {{ .key }}
              path: {{ .setting }}
      {{- end }}
{{- end }}
{{- range .files }}
- name: {{ .name }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ required "files: each entry names a secret or a configMap" .configMap }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What is the same of the service, the operator and the check. */}}
{{- define "seek-signals.every-pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "seek-signals.every-container" -}}
image: {{ include "seek-signals.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* The operator's pod, but for what it does: `command` or `args`, as YAML. */}}
{{- define "seek-signals.operator-pod" -}}
{{- $operator := include "seek-signals.operator" .root | fromJson -}}
metadata:
  labels:
    app.kubernetes.io/name: {{ .root.Chart.Name }}-{{ .name }}
    app.kubernetes.io/instance: {{ .root.Release.Name }}
spec:
  {{- with .restart }}
  restartPolicy: {{ . }}
  {{- end }}
  {{- include "seek-signals.every-pod" .root | nindent 2 }}
  containers:
    - name: {{ .name }}
      {{- include "seek-signals.every-container" .root | nindent 6 }}
      {{- .does | nindent 6 }}
      env:
        {{- include "seek-signals.environment" $operator | nindent 8 }}
      resources:
        {{- toYaml .root.Values.operator.resources | nindent 8 }}
      volumeMounts:
        {{- include "seek-signals.mounts" $operator | nindent 8 }}
        - name: tmp
          mountPath: /tmp
  volumes:
    {{- include "seek-signals.volumes" $operator | nindent 4 }}
    # Many letters are looked through by way of a temporary file.
    - name: tmp
      emptyDir:
        sizeLimit: {{ .root.Values.operator.tmp }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* What the pods of both kinds of workload are. */}}
{{- define "seek-signals.pod" -}}
{{- $service := include "seek-signals.service" . | fromJson -}}
metadata:
  labels:
    {{- include "seek-signals.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    # A pod reads its settings once: a change of them is a rollout.
    checksum/settings: {{ include "seek-signals.toml" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- include "seek-signals.every-pod" . | nindent 2 }}
  containers:
    - name: seek-signals
      {{- include "seek-signals.every-container" . | nindent 6 }}
      args: [run]
      env:
        {{- include "seek-signals.environment" $service | nindent 8 }}
        {{- if eq .Values.kind "StatefulSet" }}
        - name: KAFKA_GROUP_INSTANCE_ID
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        {{- end }}
      ports:
        - name: metrics
          containerPort: {{ .Values.port }}
      startupProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 5
        timeoutSeconds: 5
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "seek-signals.mounts" $service | nindent 8 }}
  volumes:
    {{- include "seek-signals.volumes" $service | nindent 4 }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "seek-signals.selector" . | nindent 10 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
